import contextlib
import os
import select
import socket
import time
import unittest
from concurrent.futures import ThreadPoolExecutor

import protocol_api as api
from protocol_api import ApiClient
from support import READ_ONLY_TOKEN, TOKEN, client, closed_port, proxy_report, unique_word, via_proxy

FAULTS = [
    "cut_before",
    "cut_after",
    "cut_middle",
    "502",
    "503",
    "503:0",
    "429",
    "503,cut_after",
    "cut_after,cut_middle",
]


def count_of(name):
    return len(client.groups.list(query=name).data)


class Failures(unittest.TestCase):
    def failure_of(self, call, *args, **kwargs):
        with self.assertRaises(api.ApiError) as failed:
            call(*args, **kwargs)
        return failed.exception

    def test_each_error_response_raises_its_error_class_with_details_from_the_api(self):
        username = unique_word()
        client.contacts.create(username=username)
        limited, failing = via_proxy("limited", "429:1", max_retries=0), via_proxy("failing", "500")
        read_only, groups = ApiClient(READ_ONLY_TOKEN).groups, client.groups
        rejections = [
            (ApiClient("nobody").groups.list, {}, api.AuthenticationError, 401, "unauthorized", None),
            (read_only.create, {"name": "a"}, api.PermissionDeniedError, 403, "forbidden", None),
            (lambda: groups.get("nothing"), {}, api.NotFoundError, 404, "not_found", None),
            (client.contacts.create, {"username": username}, api.ConflictError, 409, "conflict", "username"),
            (groups.create, {}, api.ValidationError, 400, "parameter_missing", "name"),
            (groups.list, {"limit": 0}, api.ValidationError, 400, "parameter_invalid", "limit"),
            (groups.create, {"name": "a" * 2**20}, api.ValidationError, 413, "body_too_large", None),
            (limited.groups.list, {}, api.RateLimitError, 429, "rate_limited", None),
            (failing.groups.list, {}, api.ServerError, 500, "unavailable", None),
        ]
        for call, arguments, kind, status, code, param in rejections:
            error = self.failure_of(call, **arguments)
            self.assertIs(type(error), kind, repr(error))
            self.assertEqual((error.status, error.code, error.param), (status, code, param))
            self.assertTrue(error.message == str(error) and error.request_id and error.documentation_url and error.type)

    def test_a_response_without_json_raises_an_error(self):
        error = self.failure_of(via_proxy("proxy", "502", max_retries=0).groups.list)
        self.assertEqual((type(error), error.status, error.request_id), (api.ServerError, 502, "of-the-proxy"))
        self.assertIn("not JSON", str(self.failure_of(via_proxy("html", "html").groups.list)))
        self.assertEqual(self.failure_of(via_proxy("redirect", "redirect").groups.list).status, 302)
        self.assertEqual(len(proxy_report("redirect")["requests"]), 1)

    def test_create_takes_effect_once_despite_any_fault(self):
        def create(faults):
            name = unique_word()
            self.assertEqual(via_proxy(name, faults).groups.create(name=name)["name"], name)
            self.assertEqual(count_of(name), 1, faults)
            requests = proxy_report(name)["requests"]
            self.assertEqual(len(requests), faults.count(",") + 2, faults)
            self.assertEqual(len({request["idempotency_key"] for request in requests}), 1, faults)

        with ThreadPoolExecutor(len(FAULTS)) as threads:
            list(threads.map(create, FAULTS))

    def test_get_update_and_delete_are_retried(self):
        name = unique_word()
        id = client.groups.create(name=name)["id"]
        self.assertEqual(via_proxy(unique_word(), "cut_middle").groups.get(id)["id"], id)
        changed = via_proxy(unique_word(), "cut_after").groups.update(id, description="1")
        self.assertEqual(changed["description"], "1")
        # The retry gets 404 because the first attempt deleted the group.
        via_proxy(unique_word(), "cut_after").groups.delete(id)
        self.assertEqual(count_of(name), 0)
        with self.assertRaises(api.NotFoundError):
            via_proxy(unique_word(), "429:0").groups.delete(id)

    def test_a_conditional_write_whose_outcome_is_unknown_raises_the_original_error(self):
        group = client.groups.create(name=unique_word())
        id = group["id"]
        interrupted = via_proxy(unique_word(), "cut_after")
        error = self.failure_of(interrupted.groups.update, id, description="1", if_match=group)
        self.assertIs(type(error), api.ApiConnectionError)
        current = client.groups.get(id)
        updated = via_proxy(unique_word(), "cut_before").groups.update(id, description="2", if_match=current)
        self.assertEqual(updated["description"], "2")

    def test_errors_that_a_retry_cannot_fix_are_not_retried(self):
        name = unique_word()
        with self.assertRaises(api.ValidationError):
            via_proxy(name).groups.create()
        with self.assertRaises(api.ServerError):
            via_proxy(name, "500,500,500").groups.list()
        self.assertEqual(len(proxy_report(name)["requests"]), 2)

    def test_retries_are_limited(self):
        name = unique_word()
        error = self.failure_of(via_proxy(name, "503,503,503", max_retries=1).groups.list)
        self.assertEqual((type(error), error.status), (api.ServerError, 503))
        self.assertEqual(len(proxy_report(name)["requests"]), 2)
        unreachable = ApiClient("a", base_url=f"http://127.0.0.1:{closed_port()}", max_retries=1)
        self.assertRegex(str(self.failure_of(unreachable.groups.list)), "GET /v1/groups: .*Refused")

    def test_retry_after_is_honored_unless_it_exceeds_the_timeout(self):
        start = time.monotonic()
        via_proxy(unique_word(), "429:1").groups.list()
        self.assertGreaterEqual(time.monotonic() - start, 1)
        for fault in ("503:90", "503:date"):
            name = unique_word()
            self.assertGreaterEqual(self.failure_of(via_proxy(name, fault).groups.list).retry_after, 90)
            self.assertEqual(len(proxy_report(name)["requests"]), 1)
        self.assertLess(time.monotonic() - start, 30)

    def test_a_call_ends_at_its_timeout_whatever_the_delay(self):
        # The last one must reach its second attempt.
        for faults, timeout in (("hang", 0.3), ("drip", 0.3), ("503:0,hang", 1.2)):
            start = time.monotonic()
            error = self.failure_of(via_proxy(unique_word(), faults, timeout=timeout).groups.list)
            self.assertIs(type(error), api.ApiTimeoutError, faults)
            self.assertLess(time.monotonic() - start, 10)
        with self.assertRaises(api.ApiTimeoutError):
            via_proxy(unique_word(), "hang").groups.list(timeout=0.2)

    @unittest.skipUnless(os.uname().sysname == "Linux", "only Linux leaves connections beyond the backlog pending")
    def test_connecting_times_out(self):
        with socket.socket() as full, contextlib.ExitStack() as stack:
            full.bind(("127.0.0.1", 0))
            full.listen(0)
            stack.enter_context(socket.create_connection(full.getsockname()))
            url = f"http://127.0.0.1:{full.getsockname()[1]}"
            start = time.monotonic()
            unreachable = ApiClient("a", base_url=url, connect_timeout=0.2, max_retries=1)
            error = self.failure_of(unreachable.groups.list)
            self.assertIs(type(error), api.ApiConnectionError, repr(error))
            self.assertLess(time.monotonic() - start, 10)

    def test_consecutive_calls_reuse_a_connection(self):
        name = unique_word()
        with via_proxy(name) as proxied:
            id = proxied.groups.create(name=name)["id"]
            for _ in range(20):
                proxied.groups.get(id)
            with self.assertRaises(api.NotFoundError):
                proxied.groups.get("nothing")
            proxied.groups.delete(id)
        received = proxy_report(name)
        self.assertEqual((received["connections"], len(received["requests"])), (1, 23))

    def test_threads_share_a_client(self):
        name = unique_word()
        proxied = via_proxy(name)
        groups = [client.groups.create(name=unique_word()) for _ in range(8)]

        def read(group):
            return all(proxied.groups.get(group["id"]) == group for _ in range(10))

        with ThreadPoolExecutor(len(groups)) as threads:
            self.assertTrue(all(threads.map(read, groups)))
        received = proxy_report(name)
        self.assertLessEqual(received["connections"], len(groups))
        self.assertEqual(len(received["requests"]), 80)

    @unittest.skipUnless(hasattr(os, "fork"), "requires fork")
    def test_a_forked_process_opens_its_own_connections(self):
        name = unique_word()
        proxied = via_proxy(name)
        proxied.groups.list()
        child = os.fork()
        if child == 0:
            proxied.groups.list()
            os._exit(0)
        self.assertEqual(os.waitpid(child, 0)[1], 0)
        proxied.groups.list()
        self.assertEqual(proxy_report(name)["connections"], 2)

    def test_a_connection_that_the_server_closed_is_not_reused(self):
        with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as threads:
            server.settimeout(10)

            def serve_two_requests():
                for _ in range(2):
                    with server.accept()[0] as connection:
                        connection.recv(10000)
                        connection.sendall(
                            b'HTTP/1.1 200 OK\r\nContent-Length: 29\r\n\r\n{"has_more":false,"data":[]}\n'
                        )

            serving = threads.submit(serve_two_requests)
            single_attempt = ApiClient(TOKEN, base_url=f"http://127.0.0.1:{server.getsockname()[1]}", max_retries=0)
            single_attempt.groups.list()
            (idle,) = single_attempt._transport._connections._idle
            self.assertTrue(select.select([idle.sock], [], [], 10)[0], "the server did not close the connection")
            single_attempt.groups.list()
            serving.result()


if __name__ == "__main__":
    unittest.main()
