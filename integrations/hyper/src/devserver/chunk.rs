//! A piece of a body: of the application's, or of bytes of our own.

use std::io::IoSlice;

use hyper::body::{Buf, Bytes};

/// A piece of a body.
#[derive(Debug)]
pub(crate) enum Chunk<D> {
    /// The application's.
    App(D),
    /// Ours.
    Own(Bytes),
}

impl<D> From<Vec<u8>> for Chunk<D> {
    fn from(bytes: Vec<u8>) -> Self {
        Chunk::Own(bytes.into())
    }
}

impl<D: Buf> Buf for Chunk<D> {
    fn remaining(&self) -> usize {
        match self {
            Chunk::App(data) => data.remaining(),
            Chunk::Own(bytes) => bytes.remaining(),
        }
    }

    fn chunk(&self) -> &[u8] {
        match self {
            Chunk::App(data) => data.chunk(),
            Chunk::Own(bytes) => bytes.chunk(),
        }
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        match self {
            Chunk::App(data) => data.chunks_vectored(slices),
            Chunk::Own(bytes) => bytes.chunks_vectored(slices),
        }
    }

    fn advance(&mut self, count: usize) {
        match self {
            Chunk::App(data) => data.advance(count),
            Chunk::Own(bytes) => bytes.advance(count),
        }
    }

    fn copy_to_bytes(&mut self, length: usize) -> Bytes {
        match self {
            Chunk::App(data) => data.copy_to_bytes(length),
            Chunk::Own(bytes) => bytes.copy_to_bytes(length),
        }
    }
}
