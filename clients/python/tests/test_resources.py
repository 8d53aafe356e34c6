import copy
import json
import pathlib
import pickle
import re
import unittest

from protocol_api import ApiClient, ApiError, ConflictError, ValidationError, __version__, etag
from site_of_tests import TOKEN, client, closed_port, proxied, report, word


class Resources(unittest.TestCase):
    def test_groups_are_made_read_changed_listed_and_deleted(self):
        name = word()
        group = client.groups.create(name=name, contacts=[{"username": word()}])
        self.assertEqual(group["name"], name)
        self.assertEqual(len(group["contacts"]), 1)
        self.assertEqual(client.groups.get(group["id"]), group)
        changed = client.groups.update(group["id"], description="Ours.", archived_at=1700000000, contacts=[])
        self.assertEqual(changed, {**group, "description": "Ours.", "archived_at": 1700000000, "contacts": []})
        self.assertEqual(client.groups.list(query=name, archived=True).data, [changed])
        self.assertEqual(client.groups.list(query=name, archived=False).data, [])
        self.assertIsNone(client.groups.update(group["id"], archived_at=None)["archived_at"])
        self.assertIsNone(client.groups.delete(group["id"]))

    def test_a_group_that_was_read_can_be_sent_back(self):
        group = client.groups.create(name=word(), contacts=[{"username": word()}])
        self.assertEqual(client.groups.update(group["id"], **group), group)

    def test_members_are_added_listed_and_taken_out(self):
        group = client.groups.create(name=word())
        first, second = client.contacts.create(username=word()), client.contacts.create(username=word())
        self.assertIsNone(client.groups.contacts.add(group["id"], first["id"]))
        client.groups.contacts.add(group["id"], second["id"])
        self.assertEqual(client.groups.contacts.list(group["id"]).data, [first, second])
        self.assertEqual(len(client.groups.list(contact_id=first["id"]).data), 1)
        self.assertIsNone(client.groups.contacts.remove(group["id"], first["id"]))
        self.assertEqual(client.groups.contacts.list(group["id"]).data, [second])

    def test_contacts_are_made_read_changed_listed_and_deleted(self):
        username = word()
        contact = client.contacts.create(username=username, display_name="Kevin", phone_number=None)
        self.assertEqual(client.contacts.get(contact["id"]), contact)
        changed = client.contacts.update(contact["id"], phone_number="1-800")
        self.assertEqual(changed, {**contact, "phone_number": "1-800"})
        self.assertEqual(client.contacts.list(username=username).data, [changed])
        self.assertEqual(client.contacts.list(query=username).data, [changed])
        client.contacts.delete(contact["id"])
        self.assertEqual(client.contacts.list(username=username).data, [])

    def test_conversations_are_made_read_changed_listed_and_deleted(self):
        group = client.groups.create(name=word())
        conversation = client.conversations.get(group["conversation_id"])
        changed = client.conversations.update(conversation["id"], is_pinned=True, last_opened_at=1700000000)
        self.assertEqual(changed, {**conversation, "is_pinned": True, "last_opened_at": 1700000000})
        found = client.conversations.list(group_id=group["id"], pinned=True, muted=False, archived=False)
        self.assertEqual(found.data, [changed])
        client.conversations.delete(conversation["id"])
        another = client.conversations.create(group_id=group["id"])
        self.assertEqual(another["group_id"], group["id"])
        self.assertNotEqual(another["id"], conversation["id"])

    def test_messages_are_sent_read_changed_listed_and_deleted(self):
        contact = client.contacts.create(username=word())
        text, conversation = f"{word()} ünïcode 🙂", contact["conversation_id"]
        message = client.messages.send(conversation_id=conversation, contact_id=contact["id"], message=text)
        self.assertEqual(message["message"], text)
        self.assertEqual(message["contact"]["id"], contact["id"])
        self.assertEqual(client.messages.get(message["id"]), message)
        reactions = [{"red_angry_face": ["KateMcCallister"]}]
        self.assertEqual(client.messages.update(message["id"], reactions=reactions)["reactions"], reactions)
        found = client.messages.list(conversation_id=conversation, query=text.split()[0])
        self.assertEqual([one["id"] for one in found.data], [message["id"]])
        client.messages.delete(message["id"])
        self.assertEqual(client.messages.list(conversation_id=conversation).data, [])

    def test_a_property_that_the_client_does_not_know_is_kept(self):
        self.assertEqual(proxied("more", "more").groups.create(name=word())["more"], [1])

    def test_a_write_with_if_match_is_for_the_object_that_was_read_alone(self):
        read = client.groups.create(name=word())
        self.assertRegex(etag(read), '^".+"$')
        self.assertIsNone(etag(dict(read)))
        changed = client.groups.update(read["id"], description="1", if_match=read)
        with self.assertRaises(ConflictError):
            client.groups.update(read["id"], description="2", if_match=read)
        with self.assertRaises(ConflictError) as refused:
            client.groups.delete(read["id"], if_match=etag(read))
        self.assertEqual(refused.exception.code, "precondition_failed")
        client.groups.delete(read["id"], if_match=changed)

    def test_a_create_under_a_key_of_the_caller_takes_effect_once(self):
        name, key = word(), word()
        first = client.groups.create(name=name, idempotency_key=key)
        self.assertEqual(client.groups.create(name=name, idempotency_key=key), first)
        with self.assertRaises(ValidationError) as refused:
            client.groups.create(name="Other", idempotency_key=key)
        self.assertEqual(refused.exception.code, "idempotency_mismatch")

    def test_every_call_has_a_key_of_its_own_and_its_client_names_itself(self):
        through = proxied("keys")
        through.groups.create(name=word())
        through.groups.create(name=word())
        first, second = report("keys")["requests"]
        self.assertNotEqual(first["idempotency_key"], second["idempotency_key"])
        self.assertGreaterEqual(len(first["idempotency_key"]), 32)
        project = (pathlib.Path(__file__).parent.parent / "pyproject.toml").read_text()
        (version,) = re.findall('^version = "(.+)"$', project, re.MULTILINE)
        self.assertEqual((first["user_agent"], __version__), (f"protocol-api-python/{version}", version))

    def test_wrong_arguments_are_refused_before_a_request_and_never_show_the_token(self):
        for token in ("", None, "secret\r\nX: y"):
            with self.assertRaises(ValueError) as refused:
                ApiClient(token)
            self.assertNotIn("secret", str(refused.exception))
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

    def test_the_token_is_not_in_what_a_client_or_an_error_shows(self):
        shown = [client, client.groups, client.groups.list()]
        for call in (
            lambda: ApiClient(TOKEN, base_url=f"http://127.0.0.1:{closed_port()}", max_retries=0).groups.list(),
            lambda: client.groups.get("nothing"),
        ):
            with self.assertRaises(ApiError) as refused:
                call()
            shown.append(refused.exception)
        for one in shown:
            self.assertNotIn(TOKEN, repr(one) + str(one) + repr(getattr(one, "__cause__", "")))

    def test_answers_and_errors_can_be_copied_and_kept(self):
        group = client.groups.create(name=word())
        self.assertEqual(json.loads(json.dumps(group)), group)
        self.assertEqual(etag(copy.deepcopy(group)), etag(group))
        with self.assertRaises(ApiError) as refused:
            client.groups.get("nothing")
        again = pickle.loads(pickle.dumps(refused.exception))
        self.assertEqual((again.status, again.code, str(again)), (404, "not_found", str(refused.exception)))


if __name__ == "__main__":
    unittest.main()
