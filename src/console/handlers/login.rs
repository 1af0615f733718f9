//! Logging in and out, and the choice of colours.

use std::sync::Arc;

use axum::extract::{Query, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::auth::AuthError;
use crate::auth::session::SessionError;
use crate::console::pages::login::Login;
use crate::console::parts::frame::{Flash, Theme, Tone};
use crate::console::paths::{self, Href};
use crate::console::visit::cookie::{self, SESSION, THEME};
use crate::console::visit::form::Form;
use crate::console::visit::{Answer, Stranger, Visit, idle, see};
use crate::door::caller::header_text;
use crate::door::error::Failure;
use crate::door::{App, body, request};
use crate::store::audit::{Through, Verb};

/// How long the choice of colours is remembered, in seconds: a year.
const YEAR: u64 = 31_536_000;

/// Where to go on to.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Next {
    next: String,
}

/// `GET /console/login/`
pub async fn ask(stranger: Stranger, Query(Next { next }): Query<Next>) -> Response {
    let next = Href::back_to(&next);
    if stranger.session.is_some() {
        return see(&next);
    }
    stranger.page(StatusCode::OK, &Login { frame: stranger.frame("Log in"), user: String::new(), next })
}

/// `POST /console/login/`: a form without a session has no token; that it is of this site the browser says itself.
pub async fn log_in(stranger: Stranger, State(app): State<Arc<App>>, request: Request) -> Response {
    if !is_of_this_site(&request) {
        return Failure::new(StatusCode::FORBIDDEN, "this form was sent by another site").into_response();
    }
    let octets = match body::read(request, &app.options).await {
        Ok(octets) => octets,
        Err(failure) => return failure.into_response(),
    };
    let (mut user, mut password, mut next) = (String::new(), String::new(), String::new());
    for (name, value) in form_urlencoded::parse(&octets) {
        match &*name {
            "user" => value.trim().clone_into(&mut user),
            "password" => password = value.into_owned(),
            "next" => next = value.into_owned(),
            _ => {}
        }
    }
    let next = Href::back_to(&next);
    match app.auth.log_in(&user, &password, stranger.address, idle(&app)).await {
        Ok((secret, _)) => {
            request::is_of(&user, stranger.address);
            // Who cannot be written down is let in all the same: what is done then is.
            let _ = app.feed.log(request::act(Through::Console, Verb::LogIn, app.feed.clock().now())).await;
            let mut response = see(&next);
            cookie::set(response.headers_mut(), SESSION, &secret, app.options.tls, None);
            response
        }
        Err(error) => {
            let (status, text) = match error {
                SessionError::Refused(AuthError::Invalid) => (StatusCode::UNAUTHORIZED, "The user name or the password is wrong.".to_owned()),
                SessionError::Refused(slow) => (StatusCode::TOO_MANY_REQUESTS, slow.to_string()),
                SessionError::Store(error) => Failure::from(error).told(),
            };
            let mut frame = stranger.frame("Log in");
            frame.flashes.push(Flash { tone: Tone::Fault, text: text.as_str().into() });
            stranger.page(status, &Login { frame, user, next })
        }
    }
}

/// `POST /console/logout/`
pub async fn log_out(stranger: Stranger, form: Form) -> Answer {
    let app = &form.visit.app;
    if let Some(secret) = &stranger.secret {
        app.auth.log_out(secret).await.map_err(|error| form.visit.failure(error.into()))?;
    }
    let _ = app.feed.log(form.visit.act(Verb::LogOut, None)).await;
    let mut response = see(&paths::login());
    cookie::set(response.headers_mut(), SESSION, "", app.options.tls, Some(0));
    Ok(response)
}

/// `POST /console/theme/`
pub async fn theme(form: Form) -> Response {
    let theme = Theme::named(form.get("theme"));
    let mut response = see(&Href::back_to(form.get("next")));
    cookie::set(response.headers_mut(), THEME, theme.name(), form.visit.app.options.tls, Some(YEAR));
    response
}

/// `GET /console/` elsewhere: what is not there.
pub async fn missing(visit: Visit) -> Response {
    visit.missing()
}

/// Whether a browser says that a form is of this site; what is no browser says nothing.
fn is_of_this_site(request: &Request) -> bool {
    let headers = request.headers();
    match header_text(headers, "sec-fetch-site") {
        Some(site) => matches!(site, "same-origin" | "none"),
        None => match (header_text(headers, header::ORIGIN.as_str()), header_text(headers, header::HOST.as_str())) {
            (Some(origin), Some(host)) => origin.split_once("://").is_some_and(|(_, its)| its == host),
            _ => true,
        },
    }
}
