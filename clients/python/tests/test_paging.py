import unittest

from site_of_tests import client, proxied, report, word

# Newest first, as lists are.
TEXTS = [str(number) for number in range(25, 0, -1)]


def texts_of(messages):
    return [message["message"] for message in messages]


class Paging(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.conversation = client.groups.create(name=word())["conversation_id"]
        for text in reversed(TEXTS):
            client.messages.send(conversation_id=cls.conversation, message=text)

    def test_a_list_is_a_page_from_which_the_next_is_asked_for(self):
        first = client.messages.list(conversation_id=self.conversation)
        self.assertEqual((texts_of(first.data), first.has_more), (TEXTS[:10], True))
        second = first.next_page()
        self.assertEqual(texts_of(second.data), TEXTS[10:20])
        third = second.next_page()
        self.assertEqual((texts_of(third.data), third.has_more), (TEXTS[20:], False))
        self.assertIsNone(third.next_page())

    def test_a_list_iterates_over_all_of_its_pages(self):
        messages = proxied("paging").messages.list(conversation_id=self.conversation)
        self.assertEqual(texts_of(messages), TEXTS)
        self.assertEqual(len(report("paging")["requests"]), 3)

    def test_a_page_iterates_over_itself_and_the_pages_after_it(self):
        second = client.messages.list(conversation_id=self.conversation).next_page()
        self.assertEqual(texts_of(second), TEXTS[10:])

    def test_a_list_before_an_object_goes_on_towards_the_newest(self):
        tenth = client.messages.list(conversation_id=self.conversation, limit=25).data[9]["id"]
        messages = client.messages.list(conversation_id=self.conversation, limit=4, ending_before=tenth)
        self.assertEqual(texts_of(messages.data), TEXTS[5:9])
        self.assertEqual(texts_of(messages), TEXTS[:9][::-1])

    def test_a_loop_may_delete_what_it_is_given(self):
        conversation = client.groups.create(name=word())["conversation_id"]
        for _ in range(7):
            client.messages.send(conversation_id=conversation, message="Away.")
        for message in client.messages.list(conversation_id=conversation, limit=3):
            client.messages.delete(message["id"])
        self.assertEqual(client.messages.list(conversation_id=conversation).data, [])

    def test_an_empty_list_iterates_over_nothing(self):
        self.assertEqual(list(client.messages.list(conversation_id=self.conversation, query=word())), [])


if __name__ == "__main__":
    unittest.main()
