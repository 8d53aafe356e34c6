import unittest

from support import client, proxy_report, unique_word, via_proxy

# Newest first, like every list.
TEXTS = [str(number) for number in range(25, 0, -1)]


def texts_of(messages):
    return [message["message"] for message in messages]


class Paging(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.conversation = client.groups.create(name=unique_word())["conversation_id"]
        for text in reversed(TEXTS):
            client.messages.send(conversation_id=cls.conversation, message=text)

    def test_a_list_returns_a_page_which_requests_the_next_one(self):
        first = client.messages.list(conversation_id=self.conversation)
        self.assertEqual((texts_of(first.data), first.has_more), (TEXTS[:10], True))
        second = first.next_page()
        self.assertEqual(texts_of(second.data), TEXTS[10:20])
        third = second.next_page()
        self.assertEqual((texts_of(third.data), third.has_more), (TEXTS[20:], False))
        self.assertIsNone(third.next_page())

    def test_a_list_iterates_over_all_pages(self):
        messages = via_proxy("paging").messages.list(conversation_id=self.conversation)
        self.assertEqual(texts_of(messages), TEXTS)
        self.assertEqual(len(proxy_report("paging")["requests"]), 3)

    def test_a_page_iterates_over_itself_and_the_pages_that_follow(self):
        second = client.messages.list(conversation_id=self.conversation).next_page()
        self.assertEqual(texts_of(second), TEXTS[10:])

    def test_a_list_with_ending_before_continues_toward_the_newest_object(self):
        tenth = client.messages.list(conversation_id=self.conversation, limit=25).data[9]["id"]
        messages = client.messages.list(conversation_id=self.conversation, limit=4, ending_before=tenth)
        self.assertEqual(texts_of(messages.data), TEXTS[5:9])
        self.assertEqual(texts_of(messages), TEXTS[:9][::-1])

    def test_objects_can_be_deleted_while_iterating(self):
        conversation = client.groups.create(name=unique_word())["conversation_id"]
        for _ in range(7):
            client.messages.send(conversation_id=conversation, message="Away.")
        for message in client.messages.list(conversation_id=conversation, limit=3):
            client.messages.delete(message["id"])
        self.assertEqual(client.messages.list(conversation_id=conversation).data, [])

    def test_an_empty_list_yields_nothing(self):
        self.assertEqual(list(client.messages.list(conversation_id=self.conversation, query=unique_word())), [])


if __name__ == "__main__":
    unittest.main()
