//! The route table, and the filter that responds to every request. Nothing else in `api` uses this file.

use warp::Filter;
use warp::filters::BoxedFilter;
use warp::reply::Response;

use super::{contacts, conversations, docs, groups, health, members, messages};
use crate::http::{Route, State, filters};

/// Every route below the base path, one list per resource.
pub fn routes() -> Vec<Vec<Route>> {
    vec![
        groups::routes(),
        members::routes(),
        contacts::routes(),
        conversations::routes(),
        messages::routes(),
    ]
}

/// The whole server: rejects no request.
pub fn filter(state: &State) -> BoxedFilter<(Response,)> {
    let resources = routes()
        .into_iter()
        .map(|routes| filters::resource(state, routes))
        .reduce(|all, resource| all.or(resource).unify().boxed())
        .expect("the API has resources");
    filters::prefix(&state.settings.base_path)
        .and(resources)
        .or(health::filter(state))
        .unify()
        .or(docs::filter(state, routes))
        .unify()
        .or(filters::unknown(state))
        .unify()
        .boxed()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::Arc;

    use bytes::Bytes;
    use http_body_util::Full;
    use hyper::Request;
    use hyper::service::Service as _;
    use hyper_util::service::TowerToHyperService;

    use super::*;
    use crate::http::{Head, MatchedRoute, PeerAddr, RequestId, Settings};
    use crate::store::Store;
    use crate::types::kind::Kind;

    /// What a new kind of object still lacks: `Resource::of` does not compile without its properties and description.
    #[test]
    fn every_kind_has_routes_to_list_create_retrieve_change_and_delete() {
        let routes: Vec<Route> = routes().into_iter().flatten().collect();
        for kind in Kind::ALL {
            let collection = format!("/v1/{}", kind.plural());
            let object = format!("{collection}/:id");
            for (method, path) in [
                ("GET", &collection),
                ("POST", &collection),
                ("GET", &object),
                ("PUT", &object),
                ("PATCH", &object),
                ("DELETE", &object),
            ] {
                let found = routes.iter().find(|route| route.method == method && route.path == path);
                let route = found.unwrap_or_else(|| panic!("{} lacks the route {method} {path}", kind.title()));
                if path == &object {
                    assert_eq!(route.variables, [("id", kind)], "{method} {path}");
                }
            }
        }
    }

    #[test]
    fn operations_have_distinct_ids_and_a_path_has_distinct_summaries() {
        let routes: Vec<Route> = routes().into_iter().flatten().collect();
        let ids: HashSet<_> = routes.iter().map(|route| route.operation.id).collect();
        let summaries: HashSet<_> = routes
            .iter()
            .map(|route| (route.path, route.operation.summary))
            .collect();
        assert_eq!((ids.len(), summaries.len()), (routes.len(), routes.len()));
    }

    #[tokio::test]
    async fn a_response_names_the_route_that_matched() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("groups.db"), 1).unwrap();
        let settings = Settings {
            base_path: "/api".to_owned(),
            ..Settings::default()
        };
        let service = TowerToHyperService::new(warp::service(filter(&State::new(store, settings))));
        for (method, path, matched) in [
            // All of them are 401 without a token, and still match.
            ("GET", "/api/v1/groups?limit=1", Some("/v1/groups")),
            ("PUT", "/api/v1/groups/l7cGNIBKZiNJ6wqF", Some("/v1/groups/:id")),
            (
                "DELETE",
                "/api/v1/groups/x/contacts/y",
                Some("/v1/groups/:id/contacts/:contact_id"),
            ),
            ("GET", "/healthz", Some("/healthz")),
            ("GET", "/docs", Some("/docs")),
            ("GET", "/v1/groups", None),
            ("GET", "/api/v1/groups/x/y", None),
        ] {
            let request = Request::builder().method(method).uri(path);
            let (mut parts, body) = request.body(Full::new(Bytes::new())).unwrap().into_parts();
            let head = Head::take(&mut parts, PeerAddr::Unix, &RequestId::random());
            parts.extensions.insert(Arc::new(head));
            let response = service.call(Request::from_parts(parts, body)).await.unwrap();
            let found = response.extensions().get::<MatchedRoute>();
            assert_eq!(found.copied(), matched.map(MatchedRoute), "{method} {path}");
        }
    }
}
