//! What can be served: the bounds of actix-web's `HttpServer`, and its type.

use std::fmt;

use actix_http::{Request, Response};
use actix_service::{Service, ServiceFactory};
use actix_web::HttpServer;
use actix_web::dev::AppConfig;

use crate::service::{TrackedApp, TrackedBody};

/// An application that this server can run: an alias for the bounds of [`HttpServer::new`], which every
/// [`App`](actix_web::App) meets.
pub trait App<B>:
    ServiceFactory<
        Request,
        Config = AppConfig,
        Error: Into<actix_web::Error> + 'static,
        InitError: fmt::Debug,
        Response: Into<Response<B>> + 'static,
        Service: Service<Request, Future: 'static> + 'static,
        Future: 'static,
    > + 'static
{
}

impl<S, B> App<B> for S
where
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<actix_web::Error> + 'static,
    S::InitError: fmt::Debug,
    S::Response: Into<Response<B>> + 'static,
    S::Service: 'static,
    S::Future: 'static,
    <S::Service as Service<Request>>::Future: 'static,
{
}

/// The factory of the application for each worker.
pub trait MakeApp<S, B>: Fn() -> TrackedApp<S, B> + Send + Clone + 'static {}

impl<M: Fn() -> TrackedApp<S, B> + Send + Clone + 'static, S, B> MakeApp<S, B> for M {}

/// actix-web's server, as [`configure`](crate::ServeOrBind::configure) gets it.
pub type Http<M, S, B> = HttpServer<M, TrackedApp<S, B>, TrackedApp<S, B>, TrackedBody<B>>;
