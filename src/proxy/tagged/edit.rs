//! pingora's headers for `inject`: they keep the names' case beside the map, so that changes go through their own methods.

use http::{HeaderMap, HeaderName, HeaderValue};
use pingora::http::{RequestHeader, ResponseHeader};
use pingora::prelude::{Error, Result};

use crate::inject::HeaderEdit;

/// A header that is being changed, and the first change that failed.
pub(super) struct Edit<'a, H> {
    pub(super) header: &'a mut H,
    pub(super) failed: Option<Box<Error>>,
}

/// What both kinds of header can do.
pub(super) trait Header {
    fn map(&self) -> &HeaderMap;
    fn put(&mut self, name: HeaderName, value: HeaderValue) -> Result<()>;
    fn add(&mut self, name: HeaderName, value: HeaderValue) -> Result<()>;
    fn take(&mut self, name: &HeaderName);
}

impl<H> Edit<'_, H> {
    /// The end of the changes: whether all were made.
    pub(super) fn done(self) -> Result<()> {
        self.failed.map_or(Ok(()), Err)
    }
}

impl<H: Header> HeaderEdit for Edit<'_, H> {
    fn headers(&self) -> &HeaderMap {
        self.header.map()
    }

    fn set(&mut self, name: HeaderName, value: HeaderValue) {
        if let Err(error) = self.header.put(name, value) {
            self.failed = Some(error);
        }
    }

    fn append(&mut self, name: HeaderName, value: HeaderValue) {
        if let Err(error) = self.header.add(name, value) {
            self.failed = Some(error);
        }
    }

    fn remove(&mut self, name: &HeaderName) {
        self.header.take(name);
    }
}

impl Header for ResponseHeader {
    fn map(&self) -> &HeaderMap {
        &self.headers
    }

    fn put(&mut self, name: HeaderName, value: HeaderValue) -> Result<()> {
        self.insert_header(name, value)
    }

    fn add(&mut self, name: HeaderName, value: HeaderValue) -> Result<()> {
        self.append_header(name, value).map(|_| ())
    }

    fn take(&mut self, name: &HeaderName) {
        self.remove_header(name);
    }
}

impl Header for RequestHeader {
    fn map(&self) -> &HeaderMap {
        &self.headers
    }

    fn put(&mut self, name: HeaderName, value: HeaderValue) -> Result<()> {
        self.insert_header(name, value)
    }

    fn add(&mut self, name: HeaderName, value: HeaderValue) -> Result<()> {
        self.append_header(name, value).map(|_| ())
    }

    fn take(&mut self, name: &HeaderName) {
        self.remove_header(name);
    }
}
