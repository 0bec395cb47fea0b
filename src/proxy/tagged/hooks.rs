//! The table of hooks: every method of [`ProxyHttp`], each calling `P`'s own.
//!
//! A method that is missing here would lose what `P` overrides; `tests/hooks.rs` reads the trait's source and notices.

use std::any::Any;
use std::borrow::Cow;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::HeaderMap;
use pingora::cache::key::HashBinary;
use pingora::cache::{CacheKey, CacheMeta, ForcedFreshness, HitHandler, PurgeAction, RespCacheable};
use pingora::http::{RequestHeader, ResponseHeader};
use pingora::modules::http::HttpModules;
use pingora::prelude::{Error, HttpPeer, ProxyHttp, Result, Session};
use pingora::protocols::Digest;
use pingora::proxy::{FailToProxy, ProxyWarnLogContext, PurgeStatus, RangeType};
use tokio::sync::mpsc;

use super::{Context, Page, Tagged};

#[async_trait]
impl<P> ProxyHttp for Tagged<P>
where
    P: ProxyHttp + Send + Sync,
    P::CTX: Send + Sync,
{
    /// Boxed: pingora keeps several copies of it in the task of a connection, idle ones included.
    type CTX = Box<Context<P::CTX>>;

    fn new_ctx(&self) -> Self::CTX {
        Box::new(Context { inner: self.inner.new_ctx(), page: Page::default() })
    }

    fn init_downstream_modules(&self, modules: &mut HttpModules) {
        self.inner.init_downstream_modules(modules);
    }

    fn init_upstream_modules(&self, modules: &mut HttpModules) {
        self.inner.init_upstream_modules(modules);
    }

    async fn early_request_filter(&self, session: &mut Session, ctx: &mut Self::CTX) -> Result<()> {
        ctx.page.visit = self.tagging.visit(session);
        self.inner.early_request_filter(session, &mut ctx.inner).await
    }

    fn allow_spawning_subrequest(&self, session: &Session, ctx: &Self::CTX) -> bool {
        self.inner.allow_spawning_subrequest(session, &ctx.inner)
    }

    async fn request_filter(&self, session: &mut Session, ctx: &mut Self::CTX) -> Result<bool> {
        if self.tagging.answer(session, &ctx.page).await? {
            return Ok(true);
        }
        self.tagging.prepare_request(session, &ctx.page);
        self.inner.request_filter(session, &mut ctx.inner).await
    }

    async fn request_body_filter(
        &self,
        session: &mut Session,
        body: &mut Option<Bytes>,
        end: bool,
        ctx: &mut Self::CTX,
    ) -> Result<()> {
        self.inner.request_body_filter(session, body, end, &mut ctx.inner).await
    }

    fn request_cache_filter(&self, session: &mut Session, ctx: &mut Self::CTX) -> Result<()> {
        self.inner.request_cache_filter(session, &mut ctx.inner)
    }

    fn cache_key_callback(&self, session: &Session, ctx: &mut Self::CTX) -> Result<CacheKey> {
        self.inner.cache_key_callback(session, &mut ctx.inner)
    }

    fn cache_miss(&self, session: &mut Session, ctx: &mut Self::CTX) {
        self.inner.cache_miss(session, &mut ctx.inner);
    }

    async fn cache_hit_filter(
        &self,
        session: &mut Session,
        meta: &CacheMeta,
        hit: &mut HitHandler,
        fresh: bool,
        ctx: &mut Self::CTX,
    ) -> Result<Option<ForcedFreshness>> {
        self.inner.cache_hit_filter(session, meta, hit, fresh, &mut ctx.inner).await
    }

    async fn proxy_upstream_filter(&self, session: &mut Session, ctx: &mut Self::CTX) -> Result<bool> {
        self.inner.proxy_upstream_filter(session, &mut ctx.inner).await
    }

    fn response_cache_filter(
        &self,
        session: &Session,
        response: &ResponseHeader,
        ctx: &mut Self::CTX,
    ) -> Result<RespCacheable> {
        self.inner.response_cache_filter(session, response, &mut ctx.inner)
    }

    fn cache_vary_filter(&self, meta: &CacheMeta, ctx: &mut Self::CTX, request: &RequestHeader) -> Option<HashBinary> {
        self.inner.cache_vary_filter(meta, &mut ctx.inner, request)
    }

    fn cache_not_modified_filter(
        &self,
        session: &Session,
        response: &ResponseHeader,
        ctx: &mut Self::CTX,
    ) -> Result<bool> {
        self.inner.cache_not_modified_filter(session, response, &mut ctx.inner)
    }

    fn range_header_filter(
        &self,
        session: &mut Session,
        response: &mut ResponseHeader,
        ctx: &mut Self::CTX,
    ) -> RangeType {
        self.inner.range_header_filter(session, response, &mut ctx.inner)
    }

    async fn upstream_peer(&self, session: &mut Session, ctx: &mut Self::CTX) -> Result<Box<HttpPeer>> {
        self.inner.upstream_peer(session, &mut ctx.inner).await
    }

    async fn upstream_request_filter(
        &self,
        session: &mut Session,
        request: &mut RequestHeader,
        ctx: &mut Self::CTX,
    ) -> Result<()> {
        self.inner.upstream_request_filter(session, request, &mut ctx.inner).await?;
        ctx.page.send_up(request)
    }

    async fn adjust_upstream_modules(
        &self,
        session: &mut Session,
        response: &ResponseHeader,
        end: bool,
        ctx: &mut Self::CTX,
    ) -> Result<()> {
        self.inner.adjust_upstream_modules(session, response, end, &mut ctx.inner).await
    }

    async fn upstream_response_filter(
        &self,
        session: &mut Session,
        response: &mut ResponseHeader,
        ctx: &mut Self::CTX,
    ) -> Result<()> {
        ctx.page.note_origin_time(response);
        self.inner.upstream_response_filter(session, response, &mut ctx.inner).await
    }

    async fn response_filter(
        &self,
        session: &mut Session,
        response: &mut ResponseHeader,
        ctx: &mut Self::CTX,
    ) -> Result<()> {
        self.inner.response_filter(session, response, &mut ctx.inner).await?;
        ctx.page.decide(session, response)
    }

    async fn custom_forwarding(
        &self,
        session: &mut Session,
        ctx: &mut Self::CTX,
        up: Option<mpsc::Sender<Bytes>>,
        down: mpsc::Sender<Bytes>,
    ) -> Result<()> {
        self.inner.custom_forwarding(session, &mut ctx.inner, up, down).await
    }

    async fn downstream_custom_message_proxy_filter(
        &self,
        session: &mut Session,
        message: Bytes,
        ctx: &mut Self::CTX,
        final_hop: bool,
    ) -> Result<Option<Bytes>> {
        self.inner.downstream_custom_message_proxy_filter(session, message, &mut ctx.inner, final_hop).await
    }

    async fn upstream_custom_message_proxy_filter(
        &self,
        session: &mut Session,
        message: Bytes,
        ctx: &mut Self::CTX,
        final_hop: bool,
    ) -> Result<Option<Bytes>> {
        self.inner.upstream_custom_message_proxy_filter(session, message, &mut ctx.inner, final_hop).await
    }

    fn upstream_response_body_filter(
        &self,
        session: &mut Session,
        body: &mut Option<Bytes>,
        end: bool,
        ctx: &mut Self::CTX,
    ) -> Result<Option<Duration>> {
        self.inner.upstream_response_body_filter(session, body, end, &mut ctx.inner)
    }

    fn upstream_response_trailer_filter(
        &self,
        session: &mut Session,
        trailers: &mut HeaderMap,
        ctx: &mut Self::CTX,
    ) -> Result<()> {
        self.inner.upstream_response_trailer_filter(session, trailers, &mut ctx.inner)
    }

    fn response_body_filter(
        &self,
        session: &mut Session,
        body: &mut Option<Bytes>,
        end: bool,
        ctx: &mut Self::CTX,
    ) -> Result<Option<Duration>> {
        let delay = self.inner.response_body_filter(session, body, end, &mut ctx.inner)?;
        ctx.page.rewrite(session, body, end)?;
        Ok(delay)
    }

    async fn response_trailer_filter(
        &self,
        session: &mut Session,
        trailers: &mut HeaderMap,
        ctx: &mut Self::CTX,
    ) -> Result<Option<Bytes>> {
        let instead = self.inner.response_trailer_filter(session, trailers, &mut ctx.inner).await?;
        Ok(ctx.page.rewrite_trailers(instead))
    }

    async fn logging(&self, session: &mut Session, error: Option<&Error>, ctx: &mut Self::CTX) {
        self.inner.logging(session, error, &mut ctx.inner).await;
        self.tagging.record(session, &mut ctx.page);
    }

    fn persist_connection_context(&self, session: &Session, ctx: &Self::CTX) -> Option<Box<dyn Any + Send + Sync>> {
        self.inner.persist_connection_context(session, &ctx.inner)
    }

    fn on_connection_reuse(&self, session: &mut Session, ctx: &mut Self::CTX, previous: Box<dyn Any + Send + Sync>) {
        self.inner.on_connection_reuse(session, &mut ctx.inner, previous);
    }

    fn suppress_error_log(&self, session: &Session, ctx: &Self::CTX, error: &Error) -> bool {
        self.inner.suppress_error_log(session, &ctx.inner, error) || ctx.page.said_no()
    }

    fn suppress_proxy_warn_log(
        &self,
        session: &Session,
        ctx: &Self::CTX,
        error: &Error,
        context: ProxyWarnLogContext,
    ) -> bool {
        self.inner.suppress_proxy_warn_log(session, &ctx.inner, error, context) || ctx.page.said_no()
    }

    fn error_while_proxy(
        &self,
        peer: &HttpPeer,
        session: &mut Session,
        error: Box<Error>,
        ctx: &mut Self::CTX,
        reused: bool,
    ) -> Box<Error> {
        self.inner.error_while_proxy(peer, session, error, &mut ctx.inner, reused)
    }

    fn fail_to_connect(
        &self,
        session: &mut Session,
        peer: &HttpPeer,
        ctx: &mut Self::CTX,
        error: Box<Error>,
    ) -> Box<Error> {
        self.inner.fail_to_connect(session, peer, &mut ctx.inner, error)
    }

    async fn fail_to_proxy(&self, session: &mut Session, error: &Error, ctx: &mut Self::CTX) -> FailToProxy {
        ctx.page.send_what_is_left(session).await;
        self.inner.fail_to_proxy(session, error, &mut ctx.inner).await
    }

    fn should_serve_stale(&self, session: &mut Session, ctx: &mut Self::CTX, error: Option<&Error>) -> bool {
        self.inner.should_serve_stale(session, &mut ctx.inner, error)
    }

    async fn connected_to_upstream(
        &self,
        session: &mut Session,
        reused: bool,
        peer: &HttpPeer,
        #[cfg(unix)] fd: std::os::unix::io::RawFd,
        #[cfg(windows)] socket: std::os::windows::io::RawSocket,
        digest: Option<&Digest>,
        ctx: &mut Self::CTX,
    ) -> Result<()> {
        #[cfg(windows)]
        let fd = socket;
        self.inner.connected_to_upstream(session, reused, peer, fd, digest, &mut ctx.inner).await
    }

    fn request_summary(&self, session: &Session, ctx: &Self::CTX) -> String {
        // A no leaves no line with a path in it, whoever writes the line.
        if ctx.page.said_no() { String::new() } else { self.inner.request_summary(session, &ctx.inner) }
    }

    fn is_purge(&self, session: &Session, ctx: &Self::CTX) -> bool {
        self.inner.is_purge(session, &ctx.inner)
    }

    fn purge_action(&self, session: &Session, ctx: &Self::CTX) -> PurgeAction {
        self.inner.purge_action(session, &ctx.inner)
    }

    fn purge_response_filter(
        &self,
        session: &Session,
        ctx: &mut Self::CTX,
        status: PurgeStatus,
        response: &mut Cow<'static, ResponseHeader>,
    ) -> Result<()> {
        self.inner.purge_response_filter(session, &mut ctx.inner, status, response)
    }
}
