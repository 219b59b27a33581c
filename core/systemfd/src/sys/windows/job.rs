//! Job objects: a process and all that it starts, ended together.
#![allow(unsafe_code, reason = "system calls without a safe wrapper")]

use std::io;
use std::mem::{size_of, zeroed};
use std::os::windows::io::{
    AsRawHandle, BorrowedHandle, HandleOrInvalid, HandleOrNull, OwnedHandle,
};
use std::ptr::{from_mut, from_ref, null, null_mut};

use windows_sys::Win32::System::Diagnostics::ToolHelp::{
    CreateToolhelp32Snapshot, TH32CS_SNAPTHREAD, THREADENTRY32, Thread32First, Thread32Next,
};
use windows_sys::Win32::System::JobObjects::{
    AssignProcessToJobObject, CreateJobObjectW, JOB_OBJECT_LIMIT,
    JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE, JOBOBJECT_BASIC_ACCOUNTING_INFORMATION,
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION, JobObjectBasicAccountingInformation,
    JobObjectExtendedLimitInformation, QueryInformationJobObject, SetInformationJobObject,
    TerminateJobObject,
};
use windows_sys::Win32::System::Threading::{
    CREATE_SUSPENDED, OpenThread, ResumeThread, THREAD_SUSPEND_RESUME,
};

/// A process and all that it starts. The system ends them when this value is dropped, and when this process
/// ends in any way.
#[derive(Debug)]
#[must_use = "its processes end when it is dropped"]
pub struct Job(OwnedHandle);

impl Job {
    /// The creation flag of a process that runs only after [`start`](Self::start).
    pub const SUSPENDED: u32 = CREATE_SUSPENDED;

    /// A job without processes. Children do not inherit it.
    ///
    /// # Errors
    ///
    /// When the system refuses.
    pub fn new() -> io::Result<Self> {
        // SAFETY: both pointers may be null, for a job without a name that is not inherited.
        let handle = unsafe { CreateJobObjectW(null(), null()) };
        let job = Job(owned(handle)?);
        job.set_limits(JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE).map(|()| job)
    }

    fn set_limits(&self, flags: JOB_OBJECT_LIMIT) -> io::Result<()> {
        // SAFETY: the structure has numbers only, for which zero is valid and means no limit.
        let mut limits: JOBOBJECT_EXTENDED_LIMIT_INFORMATION = unsafe { zeroed() };
        limits.BasicLimitInformation.LimitFlags = flags;
        // SAFETY: the handle is open, and the pointer is to a live structure of that kind and size.
        succeeded(unsafe {
            SetInformationJobObject(
                self.0.as_raw_handle(),
                JobObjectExtendedLimitInformation,
                from_ref(&limits).cast(),
                size_of::<JOBOBJECT_EXTENDED_LIMIT_INFORMATION>() as u32,
            )
        })
    }

    /// Puts a process that was created [suspended](Self::SUSPENDED) into this job, and lets it run.
    ///
    /// # Errors
    ///
    /// When the system refuses. The process is suspended still, and is to be killed.
    pub fn start(&self, process: BorrowedHandle<'_>, pid: u32) -> io::Result<()> {
        self.assign(process)?;
        resume(pid)
    }

    /// Puts a process into this job. What it has started before is not in it.
    ///
    /// # Errors
    ///
    /// When the system refuses.
    pub fn assign(&self, process: BorrowedHandle<'_>) -> io::Result<()> {
        // SAFETY: both handles are open.
        succeeded(unsafe {
            AssignProcessToJobObject(self.0.as_raw_handle(), process.as_raw_handle())
        })
    }

    /// Ends all its processes at once, with this exit code.
    ///
    /// # Errors
    ///
    /// When the system refuses.
    pub fn terminate(&self, code: u32) -> io::Result<()> {
        // SAFETY: the handle is open.
        succeeded(unsafe { TerminateJobObject(self.0.as_raw_handle(), code) })
    }

    /// Whether any of its processes runs.
    ///
    /// # Errors
    ///
    /// When the system refuses.
    pub fn has_processes(&self) -> io::Result<bool> {
        let mut counts = JOBOBJECT_BASIC_ACCOUNTING_INFORMATION::default();
        // SAFETY: the handle is open, the pointer is to a live structure of that kind and size, and the
        // written size may be left out.
        succeeded(unsafe {
            QueryInformationJobObject(
                self.0.as_raw_handle(),
                JobObjectBasicAccountingInformation,
                from_mut(&mut counts).cast(),
                size_of::<JOBOBJECT_BASIC_ACCOUNTING_INFORMATION>() as u32,
                null_mut(),
            )
        })?;
        Ok(counts.ActiveProcesses != 0)
    }

    /// Gives its processes up: they run on.
    ///
    /// # Errors
    ///
    /// When the system refuses. Then they end.
    pub fn release(self) -> io::Result<()> {
        self.set_limits(0)
    }
}

/// Lets the threads of a suspended process run. The standard library keeps its one thread to itself, so it is
/// found among all threads.
fn resume(pid: u32) -> io::Result<()> {
    // SAFETY: the call touches no memory of ours.
    let snapshot = unsafe { CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0) };
    // SAFETY: the handle is new, so nothing else owns it.
    let snapshot = unsafe { HandleOrInvalid::from_raw_handle(snapshot) };
    let snapshot = OwnedHandle::try_from(snapshot).map_err(|_| io::Error::last_os_error())?;
    let size = size_of::<THREADENTRY32>() as u32;
    let mut entry = THREADENTRY32 { dwSize: size, ..Default::default() };
    // SAFETY: the handle is open, and the pointer is to a live structure that tells its size.
    let mut is_entry = unsafe { Thread32First(snapshot.as_raw_handle(), &raw mut entry) } != 0;
    let mut resumed = false;
    while is_entry {
        if entry.th32OwnerProcessID == pid {
            resume_thread(entry.th32ThreadID)?;
            resumed = true;
        }
        // SAFETY: as above.
        is_entry = unsafe { Thread32Next(snapshot.as_raw_handle(), &raw mut entry) } != 0;
    }
    if resumed { Ok(()) } else { Err(io::Error::other("the new process has no thread")) }
}

fn resume_thread(id: u32) -> io::Result<()> {
    // SAFETY: the call touches no memory of ours.
    let thread = owned(unsafe { OpenThread(THREAD_SUSPEND_RESUME, 0, id) })?;
    // SAFETY: the handle is open, with the right to do so.
    match unsafe { ResumeThread(thread.as_raw_handle()) } {
        u32::MAX => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

fn owned(handle: windows_sys::Win32::Foundation::HANDLE) -> io::Result<OwnedHandle> {
    // SAFETY: the callers have just got the handle, or null, so nothing else owns it.
    let handle = unsafe { HandleOrNull::from_raw_handle(handle) };
    OwnedHandle::try_from(handle).map_err(|_| io::Error::last_os_error())
}

fn succeeded(result: i32) -> io::Result<()> {
    match result {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::windows::io::AsHandle;
    use std::os::windows::process::CommandExt;
    use std::process::{Child, Command, Stdio};
    use std::time::{Duration, Instant};

    use super::*;

    fn suspended(test: &str) -> Child {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", &format!("sys::windows::job::tests::{test}"), "--ignored"]);
        command.args(["--nocapture", "--quiet"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        command.creation_flags(Job::SUSPENDED).spawn().unwrap()
    }

    #[test]
    #[ignore = "another test runs it in a process of its own"]
    #[allow(clippy::exit, reason = "the test harness would choose another code")]
    fn end_at_once() {
        std::process::exit(0x1234_5678);
    }

    #[test]
    #[ignore = "another test runs it in a process of its own"]
    fn wait_with_a_child() {
        let job = Job::new().unwrap();
        let mut child = suspended("wait_for_ever");
        // It is in two jobs now: this one, and that of this process.
        job.start(child.as_handle(), child.id()).unwrap();
        let _ = child.wait();
    }

    #[test]
    #[ignore = "another test runs it in a process of its own"]
    fn wait_for_ever() {
        let _ = std::io::stdin().read(&mut [0]);
    }

    #[test]
    fn a_process_runs_only_once_it_is_in_the_job() {
        let job = Job::new().unwrap();
        let mut child = suspended("end_at_once");
        assert!(child.try_wait().unwrap().is_none());
        job.start(child.as_handle(), child.id()).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0x1234_5678));
    }

    #[test]
    fn all_processes_end_with_the_job() {
        let job = Job::new().unwrap();
        let mut child = suspended("wait_with_a_child");
        job.start(child.as_handle(), child.id()).unwrap();
        let mut output = child.stdout.take().unwrap();
        // Until the grandchild, which has the same output, has written of its test.
        let mut begin = [0; 8];
        output.read_exact(&mut begin).unwrap();
        drop(job);
        child.wait().unwrap();
        // At its end, no process has it any more.
        output.read_to_end(&mut Vec::new()).unwrap();
    }

    #[test]
    fn a_job_can_end_its_processes_with_an_exit_code() {
        let job = Job::new().unwrap();
        let mut child = suspended("wait_for_ever");
        job.start(child.as_handle(), child.id()).unwrap();
        assert!(job.has_processes().unwrap());
        job.terminate(0xC000_013A).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0xC000_013A_u32 as i32));
        // A process that has just ended may be counted still.
        let begin = Instant::now();
        while job.has_processes().unwrap() {
            assert!(begin.elapsed() < Duration::from_secs(60), "it is counted still");
            std::thread::yield_now();
        }
    }

    #[test]
    fn processes_that_are_given_up_run_on() {
        let job = Job::new().unwrap();
        let mut child = suspended("wait_for_ever");
        job.start(child.as_handle(), child.id()).unwrap();
        job.release().unwrap();
        assert!(child.try_wait().unwrap().is_none());
        // The end of its input ends it.
        drop(child.stdin.take());
        assert_eq!(child.wait().unwrap().code(), Some(0));
    }
}
