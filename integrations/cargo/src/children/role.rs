//! What a child is, which decides what ends with it.

/// The role of a child, by which other processes end with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// All processes that it has started end with it.
    Program,
    /// The same; and it reads from the terminal's keyboard.
    ProgramWithKeyboard,
    /// A daemon that compiles stays: only what it needs for its own work ends with it.
    Build,
}
