import copy
import json
import os
import pathlib
import pickle
import re
import unittest
import unittest.mock

from protocol_api import ApiClient, ApiError, ConflictError, ValidationError, __version__, etag
from support import TOKEN, client, closed_port, proxy_report, unique_word, via_proxy


class Resources(unittest.TestCase):
    def test_groups_can_be_created_retrieved_updated_listed_and_deleted(self):
        name = unique_word()
        group = client.groups.create(name=name, contacts=[{"username": unique_word()}])
        self.assertEqual(group["name"], name)
        self.assertEqual(len(group["contacts"]), 1)
        self.assertEqual(client.groups.get(group["id"]), group)
        changed = client.groups.update(group["id"], description="Ours.", archived_at=1700000000, contacts=[])
        self.assertEqual(changed, {**group, "description": "Ours.", "archived_at": 1700000000, "contacts": []})
        self.assertEqual(client.groups.list(query=name, archived=True).data, [changed])
        self.assertEqual(client.groups.list(query=name, archived=False).data, [])
        self.assertIsNone(client.groups.update(group["id"], archived_at=None)["archived_at"])
        self.assertIsNone(client.groups.delete(group["id"]))

    def test_a_retrieved_group_can_be_sent_back_unchanged(self):
        group = client.groups.create(name=unique_word(), contacts=[{"username": unique_word()}])
        self.assertEqual(client.groups.update(group["id"], **group), group)

    def test_members_can_be_added_listed_and_removed(self):
        group = client.groups.create(name=unique_word())
        first, second = client.contacts.create(username=unique_word()), client.contacts.create(username=unique_word())
        self.assertIsNone(client.groups.contacts.add(group["id"], first["id"]))
        client.groups.contacts.add(group["id"], second["id"])
        self.assertEqual(client.groups.contacts.list(group["id"]).data, [first, second])
        self.assertEqual(len(client.groups.list(contact_id=first["id"]).data), 1)
        self.assertIsNone(client.groups.contacts.remove(group["id"], first["id"]))
        self.assertEqual(client.groups.contacts.list(group["id"]).data, [second])

    def test_contacts_can_be_created_retrieved_updated_listed_and_deleted(self):
        username = unique_word()
        contact = client.contacts.create(username=username, display_name="Kevin", phone_number=None)
        self.assertEqual(client.contacts.get(contact["id"]), contact)
        changed = client.contacts.update(contact["id"], phone_number="1-800")
        self.assertEqual(changed, {**contact, "phone_number": "1-800"})
        self.assertEqual(client.contacts.list(username=username).data, [changed])
        self.assertEqual(client.contacts.list(query=username).data, [changed])
        client.contacts.delete(contact["id"])
        self.assertEqual(client.contacts.list(username=username).data, [])

    def test_conversations_can_be_created_retrieved_updated_listed_and_deleted(self):
        group = client.groups.create(name=unique_word())
        conversation = client.conversations.get(group["conversation_id"])
        changed = client.conversations.update(conversation["id"], is_pinned=True, last_opened_at=1700000000)
        self.assertEqual(changed, {**conversation, "is_pinned": True, "last_opened_at": 1700000000})
        found = client.conversations.list(group_id=group["id"], pinned=True, muted=False, archived=False)
        self.assertEqual(found.data, [changed])
        client.conversations.delete(conversation["id"])
        another = client.conversations.create(group_id=group["id"])
        self.assertEqual(another["group_id"], group["id"])
        self.assertNotEqual(another["id"], conversation["id"])

    def test_messages_can_be_sent_retrieved_updated_listed_and_deleted(self):
        contact = client.contacts.create(username=unique_word())
        text, conversation = f"{unique_word()} ünïcode 🙂", contact["conversation_id"]
        message = client.messages.send(conversation_id=conversation, contact_id=contact["id"], message=text)
        self.assertEqual(message["message"], text)
        self.assertEqual(message["contact"]["id"], contact["id"])
        self.assertEqual(client.messages.get(message["id"]), message)
        reactions = [{"red_angry_face": ["KateMcCallister"]}]
        self.assertEqual(client.messages.update(message["id"], reactions=reactions)["reactions"], reactions)
        found = client.messages.list(conversation_id=conversation, query=text.split()[0])
        self.assertEqual([it["id"] for it in found.data], [message["id"]])
        client.messages.delete(message["id"])
        self.assertEqual(client.messages.list(conversation_id=conversation).data, [])

    def test_unknown_properties_are_preserved(self):
        self.assertEqual(via_proxy("more", "more").groups.create(name=unique_word())["more"], [1])

    def test_a_write_with_if_match_requires_the_object_to_be_unchanged(self):
        read = client.groups.create(name=unique_word())
        self.assertRegex(etag(read), '^".+"$')
        self.assertIsNone(etag(dict(read)))
        changed = client.groups.update(read["id"], description="1", if_match=read)
        with self.assertRaises(ConflictError):
            client.groups.update(read["id"], description="2", if_match=read)
        with self.assertRaises(ConflictError) as raised:
            client.groups.delete(read["id"], if_match=etag(read))
        self.assertEqual(raised.exception.code, "precondition_failed")
        client.groups.delete(read["id"], if_match=changed)

    def test_create_with_a_custom_idempotency_key_takes_effect_once(self):
        name, key = unique_word(), unique_word()
        first = client.groups.create(name=name, idempotency_key=key)
        self.assertEqual(client.groups.create(name=name, idempotency_key=key), first)
        with self.assertRaises(ValidationError) as raised:
            client.groups.create(name="Other", idempotency_key=key)
        self.assertEqual(raised.exception.code, "idempotency_mismatch")

    def test_each_call_has_its_own_idempotency_key_and_the_user_agent_names_the_client(self):
        proxied = via_proxy("keys")
        proxied.groups.create(name=unique_word())
        proxied.groups.create(name=unique_word())
        first, second = proxy_report("keys")["requests"]
        self.assertNotEqual(first["idempotency_key"], second["idempotency_key"])
        self.assertGreaterEqual(len(first["idempotency_key"]), 32)
        project = (pathlib.Path(__file__).parent.parent / "pyproject.toml").read_text()
        (version,) = re.findall('^version = "(.+)"$', project, re.MULTILINE)
        self.assertEqual((first["user_agent"], __version__), (f"protocol-api-python/{version}", version))

    def test_invalid_arguments_raise_before_a_request_is_sent_without_the_token_in_the_message(self):
        for token in ("", None, "secret\r\nX: y"):
            with self.assertRaises(ValueError) as raised:
                ApiClient(token)
            self.assertNotIn("secret", str(raised.exception))
        for base_url in ("api.protocol.chat", "ftp://a", "https://user:pass@a", "https://a?b", "https://a#b"):
            with self.assertRaises(ValueError, msg=base_url):
                ApiClient(TOKEN, base_url=base_url)
        for options in ({"timeout": 0}, {"connect_timeout": -1}, {"max_retries": -1}):
            with self.assertRaises(ValueError):
                ApiClient(TOKEN, **options)
        for id in ("", "..", "a/b", None):
            with self.assertRaises(ValueError):
                client.groups.get(id)
        with self.assertRaises(ValueError):
            client.groups.create(name="a", idempotency_key="a b")
        with self.assertRaises(ValueError):
            client.groups.update("a", if_match={"id": "a"})

    def test_a_token_that_begins_with_groups_needs_a_base_url_and_other_tokens_have_a_default(self):
        message = (
            "A token that begins with groups_ belongs to a groups-server: "
            "set the base URL (base_url or PROTOCOL_API_BASE_URL)."
        )
        with unittest.mock.patch.dict(os.environ):
            del os.environ["PROTOCOL_API_BASE_URL"]
            for variable in ({}, {"PROTOCOL_API_BASE_URL": ""}):
                os.environ.update(variable)
                for options in ({}, {"base_url": None}, {"base_url": ""}):
                    with self.assertRaises(ValueError) as raised:
                        ApiClient("groups_secret", **options)
                    self.assertEqual(str(raised.exception), message)
                for token in ("secret", "groups", "a_groups_"):
                    self.assertEqual(repr(ApiClient(token)), "ApiClient(base_url='https://api.protocol.chat')")
                explicit = ApiClient("groups_secret", base_url="http://a")
                self.assertEqual(repr(explicit), "ApiClient(base_url='http://a')")
            os.environ["PROTOCOL_API_BASE_URL"] = "http://b"
            self.assertEqual(repr(ApiClient("groups_secret")), "ApiClient(base_url='http://b')")

    def test_clients_and_exceptions_do_not_expose_the_token(self):
        exposed = [client, client.groups, client.groups.list()]
        for call in (
            lambda: ApiClient(TOKEN, base_url=f"http://127.0.0.1:{closed_port()}", max_retries=0).groups.list(),
            lambda: client.groups.get("nothing"),
        ):
            with self.assertRaises(ApiError) as raised:
                call()
            exposed.append(raised.exception)
        for item in exposed:
            self.assertNotIn(TOKEN, repr(item) + str(item) + repr(getattr(item, "__cause__", "")))

    def test_objects_and_exceptions_can_be_copied_and_pickled(self):
        group = client.groups.create(name=unique_word())
        self.assertEqual(json.loads(json.dumps(group)), group)
        self.assertEqual(etag(copy.deepcopy(group)), etag(group))
        with self.assertRaises(ApiError) as raised:
            client.groups.get("nothing")
        restored = pickle.loads(pickle.dumps(raised.exception))
        self.assertEqual((restored.status, restored.code, str(restored)), (404, "not_found", str(raised.exception)))


if __name__ == "__main__":
    unittest.main()
