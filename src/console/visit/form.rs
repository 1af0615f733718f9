//! What a form sends: read within bounds, and believed only with the token of the session.

use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::{StatusCode, header};
use axum::response::Response;
use bytes::Bytes;

use super::Visit;
use crate::door::caller::header_text;
use crate::door::error::Failure;
use crate::door::{App, body};

/// The header in which the script sends the token.
const HEADER: &str = "x-csrf-token";

/// A form of somebody who is logged in, with the token of the session.
pub struct Form {
    /// Who has sent it.
    pub visit: Visit,
    fields: Vec<(String, String)>,
}

/// A file, or a text, that somebody who is logged in has sent with the token of the session; with the fields of its form.
pub struct Upload {
    /// The form.
    pub form: Form,
    /// The name of the file and what stands in it; none if none was chosen.
    pub file: Option<(String, Bytes)>,
}

impl Form {
    /// The value of a field; empty if it was not sent.
    pub fn get(&self, name: &str) -> &str {
        self.fields.iter().find(|(its, _)| its == name).map_or("", |(_, value)| value.trim())
    }

    /// All values of a field.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields.iter().filter(move |(its, _)| its == name).map(|(_, value)| value.as_str())
    }

    /// Every field whose name begins so: the rest of the name, and the value.
    pub fn with_prefix<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.fields.iter().filter_map(move |(name, value)| Some((name.strip_prefix(prefix)?, value.as_str())))
    }
}

impl FromRequest<Arc<App>> for Form {
    type Rejection = Response;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Response> {
        let upload = Upload::from_request(request, app).await?;
        Ok(upload.form)
    }
}

impl FromRequest<Arc<App>> for Upload {
    type Rejection = Response;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        let visit = Visit::from_request_parts(&mut parts, app).await?;
        let media_type = header_text(&parts.headers, header::CONTENT_TYPE.as_str()).unwrap_or_default().to_owned();
        let in_header = header_text(&parts.headers, HEADER).map(str::to_owned);
        let octets = body::read(Request::from_parts(parts, body), &app.options).await.map_err(|failure| visit.failure(failure))?;
        let (fields, file) = read(&media_type, octets).await.map_err(|why| visit.failure(Failure::new(StatusCode::BAD_REQUEST, why)))?;
        let form = Form { visit, fields };
        let given = in_header.as_deref().unwrap_or_else(|| form.get("csrf"));
        if !same(given, &form.visit.session.csrf) {
            let why = "this form is from another session; open the page again and send it from there";
            return Err(form.visit.failure(Failure::new(StatusCode::FORBIDDEN, why)));
        }
        Ok(Self { form, file })
    }
}

/// The fields and the file of a body.
async fn read(media_type: &str, octets: Bytes) -> Result<(Vec<(String, String)>, Option<(String, Bytes)>), String> {
    let kind = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if kind == "text/plain" {
        // What the script saves while somebody types; a form of another site that is sent so has no token.
        return Ok((vec![("text".to_owned(), String::from_utf8_lossy(&octets).into_owned())], None));
    }
    if kind != "multipart/form-data" {
        return Ok((form_urlencoded::parse(&octets).into_owned().collect(), None));
    }
    let boundary = multer::parse_boundary(media_type).map_err(|error| error.to_string())?;
    let whole = futures_util::stream::once(async move { Ok::<_, std::convert::Infallible>(octets) });
    let mut parts = multer::Multipart::new(whole, boundary);
    let (mut fields, mut file) = (Vec::new(), None);
    while let Some(part) = parts.next_field().await.map_err(|error| error.to_string())? {
        let name = part.name().unwrap_or_default().to_owned();
        let file_name = part.file_name().map(str::to_owned);
        let octets = part.bytes().await.map_err(|error| error.to_string())?;
        match file_name {
            Some(file_name) if !octets.is_empty() => file = Some((file_name, octets)),
            Some(_) => {}
            None => fields.push((name, String::from_utf8_lossy(&octets).into_owned())),
        }
    }
    Ok((fields, file))
}

/// Whether two tokens are the same; takes as long wherever they differ.
fn same(given: &str, wanted: &str) -> bool {
    let differences = given.bytes().zip(wanted.bytes()).fold(0, |all, (one, other)| all | (one ^ other));
    !wanted.is_empty() && given.len() == wanted.len() && differences == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_token_is_the_token() {
        assert!(same("abc", "abc"));
        for given in ["", "ab", "abcd", "abd"] {
            assert!(!same(given, "abc"), "{given}");
        }
        assert!(!same("", ""));
    }

    #[tokio::test]
    async fn both_encodings_of_forms_are_read() {
        let (fields, file) = read("application/x-www-form-urlencoded", Bytes::from_static(b"a=1&a=2&b=%C3%A4")).await.unwrap();
        assert_eq!((fields.len(), fields[2].1.as_str(), file), (3, "ä", None));
        let body = "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"r.txt\"\r\n\r\nevil\r\n--x--\r\n";
        let (fields, file) = read("multipart/form-data; boundary=x", Bytes::from(body)).await.unwrap();
        assert_eq!(fields, [("a".to_owned(), "1".to_owned())]);
        assert_eq!(file, Some(("r.txt".to_owned(), Bytes::from_static(b"evil"))));
        assert!(read("multipart/form-data", Bytes::new()).await.is_err());
    }
}
