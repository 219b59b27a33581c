<#
.SYNOPSIS
Installs `systemfd` and `cargo devserver` on Windows, from the archives of a release.

.DESCRIPTION
Downloads the programs of a release, verifies them, and installs them into %CARGO_HOME%\bin where cargo is installed,
and into %USERPROFILE%\.local\bin elsewhere. Each archive must have the SHA-256 checksum that SHA256SUMS of the release
has. Where the command `gh` is installed and logged in, its attestation is verified as well.

.PARAMETER Program
systemfd, cargo-devserver, or both. Both by default.

.PARAMETER Version
Another release than the one that this script comes with.

.PARAMETER Target
Another platform than this one, such as aarch64-pc-windows-msvc.

.PARAMETER To
Another folder.

.PARAMETER Force
Replaces files that this script has not installed.

.PARAMETER BaseUrl
A mirror of the releases: the files are at URL/download/vVERSION/. https:// only, or http:// of this machine.
#>
[CmdletBinding()]
param(
    [Parameter(Position = 0)] [string[]] $Program = @('systemfd', 'cargo-devserver'),
    [string] $Version = '',
    [string] $Target = '',
    [string] $To = '',
    [switch] $Force,
    [string] $BaseUrl = ''
)

# The release that this script comes with is written in by .ci/dist.
$repository = ''
$released = ''

# All is in functions, so that nothing runs when only a part of this script has arrived, and so that `irm URL | iex`
# changes no setting of the user's session. Uses .NET where the command of PowerShell is in a module that Windows
# PowerShell does not find when PowerShell 7 has started it: Get-FileHash, Expand-Archive.

function Stop-Installation([string] $Problem, [string] $Solution) {
    throw "install.ps1: $Problem`ninstall.ps1: $Solution"
}

function Get-BaseAddress {
    $address = $BaseUrl.TrimEnd('/')
    if (-not $address) {
        if (-not $repository) {
            Stop-Installation 'this copy of the script belongs to no release' 'take the one of a release, or give -BaseUrl and -Version'
        }
        $address = "$repository/releases"
    }
    if ($address -notmatch '^(https://|http://(127\.0\.0\.1|localhost|\[::1\])[:/])[\]0-9A-Za-z.:/_~%\[-]*$') {
        Stop-Installation "$address is not an address with https://" 'on other connections, anyone can change the files on their way'
    }
    return $address
}

function Get-ReleaseVersion {
    $wanted = if ($Version) { $Version -replace '^v', '' } else { $released }
    if (-not $wanted) {
        Stop-Installation 'this copy of the script belongs to no release' 'give -Version'
    }
    if ($wanted -notmatch '^[0-9A-Za-z.+-]+$') {
        Stop-Installation "`"$wanted`" is not a version" 'a version is such as 0.1.0'
    }
    return $wanted
}

function Get-Platform {
    if ($Target) {
        if ($Target -notmatch '^[0-9a-z_]+-pc-windows-[a-z]+$') {
            Stop-Installation "`"$Target`" is not a target of Windows" 'a target is such as x86_64-pc-windows-msvc; for Linux and macOS, run install.sh'
        }
        return $Target
    }
    # A 32-bit PowerShell is told that the processor is an x86; the second variable then has the real one.
    $processor = if ($env:PROCESSOR_ARCHITEW6432) { $env:PROCESSOR_ARCHITEW6432 } else { $env:PROCESSOR_ARCHITECTURE }
    switch ($processor) {
        'AMD64' { return 'x86_64-pc-windows-msvc' }
        'ARM64' { return 'aarch64-pc-windows-msvc' }
    }
    Stop-Installation "no release has programs for the processor `"$processor`"" 'on Linux and macOS, run install.sh; elsewhere: cargo install listenfd-systemfd listenfd-devserver'
}

function Get-Folder {
    $user = [Environment]::GetFolderPath('UserProfile')
    $cargo = if ($env:CARGO_HOME) { $env:CARGO_HOME } else { Join-Path $user '.cargo' }
    if ($To) {
        $folder = $To
    } elseif ($env:CARGO_HOME -or (Test-Path -LiteralPath (Join-Path $cargo 'bin'))) {
        $folder = Join-Path $cargo 'bin'
    } else {
        $folder = Join-Path (Join-Path $user '.local') 'bin'
    }
    return (New-Item -ItemType Directory -Force -Path $folder).FullName
}

# Downloads a file. Follows redirections itself, since .NET of Windows PowerShell also follows those to http://.
function Get-ReleaseFile([string] $Url, [string] $Path, [int] $MostBytes) {
    $handler = [System.Net.Http.HttpClientHandler]::new()
    $handler.AllowAutoRedirect = $false
    $client = [System.Net.Http.HttpClient]::new($handler)
    $client.MaxResponseContentBufferSize = $MostBytes
    $client.Timeout = [TimeSpan]::FromMinutes(10)
    try {
        $next = [Uri] $Url
        $scheme = $next.Scheme
        foreach ($attempt in 1..6) {
            $response = $client.GetAsync($next).GetAwaiter().GetResult()
            $status = [int] $response.StatusCode
            if ($status -notin 301, 302, 303, 307, 308) {
                break
            }
            $next = [Uri]::new($next, $response.Headers.Location)
            if ($next.Scheme -ne $scheme) {
                Stop-Installation "$Url leads to an address without ${scheme}://" 'report that to whoever runs this server'
            }
        }
        if ($status -ne 200) {
            Stop-Installation "the server does not have $Url (status $status)" "is there a release of this version? See $repository"
        }
        $bytes = $response.Content.ReadAsByteArrayAsync().GetAwaiter().GetResult()
        [IO.File]::WriteAllBytes($Path, $bytes)
    } catch {
        if ($_.Exception.Message.StartsWith('install.ps1:')) {
            throw
        }
        $cause = $_.Exception.GetBaseException().Message
        Stop-Installation "$Url cannot be downloaded: $cause" 'check the connection, the date of this machine and its proxy, and try again'
    } finally {
        $client.Dispose()
    }
}

function Get-Checksum([string] $Path) {
    $algorithm = [Security.Cryptography.SHA256]::Create()
    $bytes = $algorithm.ComputeHash([IO.File]::ReadAllBytes($Path))
    return [BitConverter]::ToString($bytes).Replace('-', '').ToLowerInvariant()
}

# The checksum of an archive, as the release has it.
function Get-ExpectedChecksum([string] $Sums, [string] $Archive, [string] $Release) {
    $known = @{}
    foreach ($line in Get-Content -LiteralPath $Sums) {
        $checksum, $name = $line -split '\s+', 2
        $known["$name"] = $checksum
    }
    if (-not $known.ContainsKey($Archive)) {
        $names = @($known.Keys | Where-Object { $_ -like '*.zip' } | Sort-Object) -join ', '
        Stop-Installation "the release $Release has no $Archive" "its archives for Windows are: $names"
    }
    if ($known[$Archive] -cnotmatch '^[0-9a-f]{64}$') {
        Stop-Installation "SHA256SUMS of the release $Release has no checksum for $Archive" 'report that as an error of the release'
    }
    return $known[$Archive]
}

# Says in one line why attestations are not verified, or nothing when they can be.
function Get-ReasonAgainstAttestation {
    if ($repository -notmatch '^https://github\.com/[^/]+/[^/]+$') {
        return 'this script does not know the repository on github.com'
    }
    if (-not (Get-Command gh -CommandType Application -ErrorAction SilentlyContinue)) {
        return 'the command gh (https://cli.github.com) is not installed'
    }
    # In Windows PowerShell, what a program writes to standard error is an error where it stops at errors.
    $ErrorActionPreference = 'Continue'
    if ((& gh attestation verify --help 2>$null | Out-String) -notmatch '--source-ref') {
        return 'this gh is too old for that'
    }
    & gh auth status --hostname github.com *>$null
    if ($LASTEXITCODE -ne 0) {
        return 'gh is not logged in (gh auth login)'
    }
    return ''
}

function Test-Attestation([string] $Path, [string] $Release) {
    $slug = $repository -replace '^https://github\.com/', ''
    $ErrorActionPreference = 'Continue'
    $said = & gh attestation verify $Path --repo $slug --signer-workflow "$slug/.github/workflows/release.yml" --source-ref "refs/tags/v$Release" 2>&1 | Out-String
    if ($LASTEXITCODE -ne 0) {
        $name = Split-Path -Leaf $Path
        Stop-Installation "gh finds no valid attestation for ${name}: $said" 'nothing was installed; report that as an error of the release'
    }
}

# Fails unless nothing is at the path, or what this script has installed.
function Assert-MayBeReplaced([string] $Path, [string[]] $Receipt) {
    if (Test-Path -LiteralPath $Path -PathType Container) {
        Stop-Installation "$Path is a folder" 'remove it, or choose another folder with -To'
    }
    if ($Force -or -not (Test-Path -LiteralPath $Path)) {
        return
    }
    if ($Receipt -notcontains "$(Get-Checksum $Path)  $Path") {
        Stop-Installation "$Path is there already, and this script has not installed it" 'remove it (cargo uninstall, if cargo installed it), choose another folder with -To, or replace it with -Force'
    }
}

# Runs the new program before it is installed.
function Assert-Runs([string] $Path, [string] $Name, [string] $Release) {
    $ErrorActionPreference = 'Continue'
    $said = (& $Path --version 2>&1 | Out-String).Trim()
    if ($said -ne "$Name $Release") {
        Stop-Installation "$Name --version of the archive does not say `"$Name $Release`": $said" 'report that as an error of the release'
    }
}

# Downloads, verifies and unpacks the archive of a program, and returns the path of the program in it.
function Get-VerifiedProgram([string] $Name, [string] $Address, [string] $Release, [string] $Platform, [string] $Temporary, [bool] $HasAttestations) {
    $package = @{ 'systemfd' = 'listenfd-systemfd'; 'cargo-devserver' = 'listenfd-devserver' }[$Name]
    $archive = "$package-$Release-$Platform.zip"
    $path = Join-Path $Temporary $archive
    $expected = Get-ExpectedChecksum (Join-Path $Temporary 'SHA256SUMS') $archive $Release
    Get-ReleaseFile "$Address/$archive" $path 100000000
    $found = Get-Checksum $path
    if ($found -ne $expected) {
        Stop-Installation "$archive has the checksum $found, and not $expected" 'nothing was installed; try again, and report it if it stays so'
    }
    if ($HasAttestations) {
        Test-Attestation $path $Release
    }
    [IO.Compression.ZipFile]::ExtractToDirectory($path, $Temporary)
    $unpacked = Join-Path (Join-Path $Temporary "$package-$Release-$Platform") "$Name.exe"
    if (-not (Test-Path -LiteralPath $unpacked -PathType Leaf)) {
        Stop-Installation "$archive has no $Name.exe" 'report that as an error of the release'
    }
    if (-not $Target) {
        Assert-Runs $unpacked $Name $Release
    }
    return $unpacked
}

function Install-Verified([hashtable] $Unpacked, [string[]] $Names, [string] $Folder, [string] $ReceiptPath, [string] $Label) {
    foreach ($name in $Names) {
        $path = Join-Path $Folder "$name.exe"
        try {
            Copy-Item -LiteralPath $Unpacked[$name] -Destination "$path.new" -Force
            Move-Item -LiteralPath "$path.new" -Destination $path -Force
        } catch {
            Remove-Item -LiteralPath "$path.new" -Force -ErrorAction SilentlyContinue
            Stop-Installation "$path cannot be written: $($_.Exception.Message)" 'end the program if it runs, or choose another folder with -To'
        }
        $kept = @(if (Test-Path -LiteralPath $ReceiptPath) { Get-Content -LiteralPath $ReceiptPath | Where-Object { $_.Length -gt 66 -and $_.Substring(66) -ne $path } })
        $null = New-Item -ItemType Directory -Force -Path (Split-Path -Parent $ReceiptPath)
        Set-Content -LiteralPath $ReceiptPath -Encoding UTF8 -Value ($kept + "$(Get-Checksum $path)  $path")
        Write-Output "Installed $path ($name $Label)"
    }
    $paths = @($Names | ForEach-Object { "'" + (Join-Path $Folder "$_.exe") + "'" }) -join ', '
    Write-Output "To undo: Remove-Item $paths"
    if (@($env:PATH -split [IO.Path]::PathSeparator) -notcontains $Folder) {
        Write-Output "$Folder is not on your PATH yet: add it in the settings of Windows, under environment variables"
    }
}

function Install-Programs {
    $ErrorActionPreference = 'Stop'
    $ProgressPreference = 'SilentlyContinue'
    Set-StrictMode -Version 2

    $names = @($Program | Select-Object -Unique)
    foreach ($name in $names) {
        if ($name -notin 'systemfd', 'cargo-devserver') {
            Stop-Installation "`"$name`" is not a program of this project" 'there are systemfd and cargo-devserver'
        }
    }
    $address = Get-BaseAddress
    $release = Get-ReleaseVersion
    $platform = Get-Platform
    $folder = Get-Folder
    $receiptPath = Join-Path (Join-Path ([Environment]::GetFolderPath('LocalApplicationData')) 'listenfd') 'installed'
    $receipt = @(if (Test-Path -LiteralPath $receiptPath) { Get-Content -LiteralPath $receiptPath })
    foreach ($name in $names) {
        Assert-MayBeReplaced (Join-Path $folder "$name.exe") $receipt
    }
    # Windows PowerShell loads these libraries only when asked, and may leave TLS 1.2 out.
    Add-Type -AssemblyName System.Net.Http
    Add-Type -AssemblyName System.IO.Compression.FileSystem
    [Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor [Net.SecurityProtocolType]::Tls12

    $temporary = Join-Path ([IO.Path]::GetTempPath()) ([IO.Path]::GetRandomFileName())
    $null = New-Item -ItemType Directory -Path $temporary
    try {
        Get-ReleaseFile "$address/download/v$release/SHA256SUMS" (Join-Path $temporary 'SHA256SUMS') 100000
        $reason = Get-ReasonAgainstAttestation
        if ($reason) {
            Write-Output "Attestations are not verified: $reason"
        }
        $unpacked = @{}
        foreach ($name in $names) {
            $unpacked[$name] = Get-VerifiedProgram $name "$address/download/v$release" $release $platform $temporary (-not $reason)
        }
        Install-Verified $unpacked $names $folder $receiptPath "$release, $platform"
    } finally {
        Remove-Item -LiteralPath $temporary -Recurse -Force -ErrorAction SilentlyContinue
    }
}

try {
    Install-Programs
} catch {
    # With `irm URL | iex`, `exit` would close the window of the user.
    if (-not $PSCommandPath) {
        throw
    }
    [Console]::Error.WriteLine($_.Exception.Message)
    exit 1
}
