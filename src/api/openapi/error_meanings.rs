//! What each error code means, in the words of the reference.

use crate::error::Code;

/// When a request fails with this code, and what to do then.
pub fn meaning(code: Code) -> &'static str {
    match code {
        Code::BodyMalformed => {
            "The body is neither a JSON object nor a form, is not UTF-8, contains the character NUL, or did not arrive in \
             time. JSON that is sent as a form needs the header `Content-Type: application/json`."
        }
        Code::ParameterMissing => "A required parameter is missing; `param` names it.",
        Code::ParameterInvalid => {
            "A value is not valid or identifies nothing; `param` names it and `message` says what would be valid."
        }
        Code::ParameterUnknown => "There is no such parameter here, or it was given twice; `param` names it.",
        Code::Unauthorized => {
            "The access token is missing, malformed, unknown, expired or revoked. Without a valid token, paths that do not \
             exist return this too."
        }
        Code::Forbidden => "The request writes, and the access token is read-only.",
        Code::NotFound => "There is nothing at this path, or your account has no object with this id.",
        Code::MethodNotAllowed => "The path does not support this method; the header `Allow` lists those that it does.",
        Code::Conflict => "A unique value is taken: a username, or the conversation of a group or contact.",
        Code::PreconditionFailed => {
            "The object has changed since you read it: `If-Match` does not match its ETag. Read it again."
        }
        Code::BodyTooLarge => "The body exceeds the server's limit: 1 MiB unless its operator has set another.",
        Code::UriTooLong => "The URI is longer than 8 KiB.",
        Code::UnsupportedMediaType => {
            "The type of the body is neither `application/json` nor `application/x-www-form-urlencoded`."
        }
        Code::IdempotencyMismatch => "The `Idempotency-Key` was used with a different request. Use a new key.",
        Code::RateLimited => {
            "Too many wrong access tokens from this address. Try again after `Retry-After` seconds, with the right token."
        }
        Code::HeadersTooLarge => {
            "The headers exceed 16 KiB in total. A head of more than 32 KiB or 100 headers gets a response without a body."
        }
        Code::Internal => "Something went wrong on the server. Its log has the details under the request id.",
        Code::Unavailable => {
            "The server cannot do it now: it is stopping, or overloaded. Try again after `Retry-After` seconds."
        }
        Code::StorageFull => "The server's disk is full. Nothing was changed; reads still work.",
    }
}
