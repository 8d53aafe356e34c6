import contextlib
import os
import select
import socket
import time
import unittest
from concurrent.futures import ThreadPoolExecutor

import protocol_api as api
from protocol_api import ApiClient
from site_of_tests import READ_ONLY_TOKEN, TOKEN, client, closed_port, proxied, report, word

BREAKS = [
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

    def test_each_refusal_is_an_error_of_its_class_with_what_the_api_says(self):
        username = word()
        client.contacts.create(username=username)
        limited, ill = proxied("limited", "429:1", max_retries=0), proxied("ill", "500")
        read_only, groups = ApiClient(READ_ONLY_TOKEN).groups, client.groups
        refusals = [
            (ApiClient("nobody").groups.list, {}, api.AuthenticationError, 401, "unauthorized", None),
            (read_only.create, {"name": "a"}, api.PermissionDeniedError, 403, "forbidden", None),
            (lambda: groups.get("nothing"), {}, api.NotFoundError, 404, "not_found", None),
            (client.contacts.create, {"username": username}, api.ConflictError, 409, "conflict", "username"),
            (groups.create, {}, api.ValidationError, 400, "parameter_missing", "name"),
            (groups.list, {"limit": 0}, api.ValidationError, 400, "parameter_invalid", "limit"),
            (groups.create, {"name": "a" * 2**20}, api.ValidationError, 413, "body_too_large", None),
            (limited.groups.list, {}, api.RateLimitError, 429, "rate_limited", None),
            (ill.groups.list, {}, api.ServerError, 500, "unavailable", None),
        ]
        for call, arguments, kind, status, code, param in refusals:
            error = self.failure_of(call, **arguments)
            self.assertIs(type(error), kind, repr(error))
            self.assertEqual((error.status, error.code, error.param), (status, code, param))
            self.assertTrue(error.message == str(error) and error.request_id and error.documentation_url and error.type)

    def test_what_a_proxy_answers_without_json_is_an_error_too(self):
        error = self.failure_of(proxied("proxy", "502", max_retries=0).groups.list)
        self.assertEqual((type(error), error.status, error.request_id), (api.ServerError, 502, "of-the-proxy"))
        self.assertIn("not JSON", str(self.failure_of(proxied("html", "html").groups.list)))
        self.assertEqual(self.failure_of(proxied("redirect", "redirect").groups.list).status, 302)
        self.assertEqual(len(report("redirect")["requests"]), 1)

    def test_a_create_takes_effect_once_whatever_breaks(self):
        def create(steps):
            name = word()
            self.assertEqual(proxied(name, steps).groups.create(name=name)["name"], name)
            self.assertEqual(count_of(name), 1, steps)
            requests = report(name)["requests"]
            self.assertEqual(len(requests), steps.count(",") + 2, steps)
            self.assertEqual(len({request["idempotency_key"] for request in requests}), 1, steps)

        with ThreadPoolExecutor(len(BREAKS)) as threads:
            list(threads.map(create, BREAKS))

    def test_reads_changes_and_deletes_are_tried_again(self):
        name = word()
        id = client.groups.create(name=name)["id"]
        self.assertEqual(proxied(word(), "cut_middle").groups.get(id)["id"], id)
        changed = proxied(word(), "cut_after").groups.update(id, description="1")
        self.assertEqual(changed["description"], "1")
        # The second try finds nothing: the first has deleted it.
        proxied(word(), "cut_after").groups.delete(id)
        self.assertEqual(count_of(name), 0)
        with self.assertRaises(api.NotFoundError):
            proxied(word(), "429:0").groups.delete(id)

    def test_a_conditional_write_of_which_nobody_knows_whether_it_took_effect_is_told_as_that(self):
        group = client.groups.create(name=word())
        id = group["id"]
        lost = self.failure_of(proxied(word(), "cut_after").groups.update, id, description="1", if_match=group)
        self.assertIs(type(lost), api.ApiConnectionError)
        now = client.groups.get(id)
        kept = proxied(word(), "cut_before").groups.update(id, description="2", if_match=now)
        self.assertEqual(kept["description"], "2")

    def test_what_is_wrong_is_not_tried_again(self):
        name = word()
        with self.assertRaises(api.ValidationError):
            proxied(name).groups.create()
        with self.assertRaises(api.ServerError):
            proxied(name, "500,500,500").groups.list()
        self.assertEqual(len(report(name)["requests"]), 2)

    def test_tries_are_bounded(self):
        name = word()
        error = self.failure_of(proxied(name, "503,503,503", max_retries=1).groups.list)
        self.assertEqual((type(error), error.status), (api.ServerError, 503))
        self.assertEqual(len(report(name)["requests"]), 2)
        nobody = ApiClient("a", base_url=f"http://127.0.0.1:{closed_port()}", max_retries=1)
        self.assertRegex(str(self.failure_of(nobody.groups.list)), "GET /v1/groups: .*Refused")

    def test_retry_after_is_kept_to_and_not_waited_for_where_it_is_too_long(self):
        start = time.monotonic()
        proxied(word(), "429:1").groups.list()
        self.assertGreaterEqual(time.monotonic() - start, 1)
        for step in ("503:90", "503:date"):
            name = word()
            self.assertGreaterEqual(self.failure_of(proxied(name, step).groups.list).retry_after, 90)
            self.assertEqual(len(report(name)["requests"]), 1)
        self.assertLess(time.monotonic() - start, 30)

    def test_a_call_ends_with_its_timeout_whatever_takes_the_time(self):
        # The last has to come as far as its second try.
        for steps, timeout in (("hang", 0.3), ("drip", 0.3), ("503:0,hang", 1.2)):
            start = time.monotonic()
            error = self.failure_of(proxied(word(), steps, timeout=timeout).groups.list)
            self.assertIs(type(error), api.ApiTimeoutError, steps)
            self.assertLess(time.monotonic() - start, 10)
        with self.assertRaises(api.ApiTimeoutError):
            proxied(word(), "hang").groups.list(timeout=0.2)

    @unittest.skipUnless(os.uname().sysname == "Linux", "only Linux leaves a connection waiting that does not fit")
    def test_a_connection_that_is_not_made_is_given_up(self):
        with socket.socket() as full, contextlib.ExitStack() as waiting:
            full.bind(("127.0.0.1", 0))
            full.listen(0)
            waiting.enter_context(socket.create_connection(full.getsockname()))
            url = f"http://127.0.0.1:{full.getsockname()[1]}"
            start = time.monotonic()
            nobody = ApiClient("a", base_url=url, connect_timeout=0.2, max_retries=1)
            error = self.failure_of(nobody.groups.list)
            self.assertIs(type(error), api.ApiConnectionError, repr(error))
            self.assertLess(time.monotonic() - start, 10)

    def test_calls_one_after_the_other_share_a_connection(self):
        name = word()
        with proxied(name) as through:
            id = through.groups.create(name=name)["id"]
            for _ in range(20):
                through.groups.get(id)
            with self.assertRaises(api.NotFoundError):
                through.groups.get("nothing")
            through.groups.delete(id)
        told = report(name)
        self.assertEqual((told["connections"], len(told["requests"])), (1, 23))

    def test_threads_share_a_client(self):
        name = word()
        through = proxied(name)
        groups = [client.groups.create(name=word()) for _ in range(8)]

        def read(group):
            return all(through.groups.get(group["id"]) == group for _ in range(10))

        with ThreadPoolExecutor(len(groups)) as threads:
            self.assertTrue(all(threads.map(read, groups)))
        told = report(name)
        self.assertLessEqual(told["connections"], len(groups))
        self.assertEqual(len(told["requests"]), 80)

    @unittest.skipUnless(hasattr(os, "fork"), "there is no fork here")
    def test_a_forked_process_has_connections_of_its_own(self):
        name = word()
        through = proxied(name)
        through.groups.list()
        child = os.fork()
        if child == 0:
            through.groups.list()
            os._exit(0)
        self.assertEqual(os.waitpid(child, 0)[1], 0)
        through.groups.list()
        self.assertEqual(report(name)["connections"], 2)

    def test_a_connection_that_the_server_has_closed_is_not_used(self):
        with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as threads:
            server.settimeout(10)

            def answer_twice():
                for _ in range(2):
                    with server.accept()[0] as connection:
                        connection.recv(10000)
                        connection.sendall(
                            b'HTTP/1.1 200 OK\r\nContent-Length: 29\r\n\r\n{"has_more":false,"data":[]}\n'
                        )

            served = threads.submit(answer_twice)
            lasting = ApiClient(TOKEN, base_url=f"http://127.0.0.1:{server.getsockname()[1]}", max_retries=0)
            lasting.groups.list()
            (idle,) = lasting._transport._connections._idle
            self.assertTrue(select.select([idle.sock], [], [], 10)[0], "the server must close")
            lasting.groups.list()
            served.result()


if __name__ == "__main__":
    unittest.main()
