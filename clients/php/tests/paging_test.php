<?php

declare(strict_types=1);

use Protocol\Page;

// Newest first, like every list.
$texts = array_map(strval(...), range(25, 1));
$textsOf = static function (iterable $messages): array {
    $texts = [];
    foreach ($messages as $message) {
        $texts[] = $message->message;
    }
    return $texts;
};
/** A conversation with all the texts, created on first use. */
$conversation = static function () use ($texts): string {
    static $id = null;
    if ($id === null) {
        $id = client()->groups->create(['name' => uniqueWord()])->conversation_id;
        foreach (array_reverse($texts) as $text) {
            client()->messages->send(['conversation_id' => $id, 'message' => $text]);
        }
    }
    return $id;
};
$list = static fn (array $params = []): Page
    => client()->messages->list(['conversation_id' => $conversation()] + $params);

return [
    'a list returns a page, which requests the next one' => function () use ($list, $texts, $textsOf): void {
        $first = $list();
        assertEqual([$textsOf($first->data), $first->has_more], [array_slice($texts, 0, 10), true]);
        $second = $first->nextPage();
        assertEqual($textsOf($second->data), array_slice($texts, 10, 10));
        $third = $second->nextPage();
        assertEqual([$textsOf($third->data), $third->has_more], [array_slice($texts, 20), false]);
        assertEqual($third->nextPage(), null);
    },

    'a list iterates over all pages' => function () use ($conversation, $texts, $textsOf): void {
        $all = viaProxy('paging')->messages->list(['conversation_id' => $conversation()]);
        assertEqual($textsOf($all), $texts);
        assertEqual(count(proxyReport('paging')['requests']), 3);
        assertEqual(count(iterator_to_array($all)), 25);
    },

    'a page iterates over itself and the pages that follow' => function () use ($list, $texts, $textsOf): void {
        assertEqual($textsOf($list()->nextPage()), array_slice($texts, 10));
    },

    'a list with ending_before continues toward the newest object' => function () use ($list, $texts, $textsOf): void {
        $before = $list(['limit' => 4, 'ending_before' => $list(['limit' => 25])->data[9]->id]);
        assertEqual($textsOf($before->data), array_slice($texts, 5, 4));
        assertEqual($textsOf($before), array_reverse(array_slice($texts, 0, 9)));
    },

    'objects can be deleted while iterating' => function (): void {
        $id = client()->groups->create(['name' => uniqueWord()])->conversation_id;
        for ($count = 0; $count < 7; $count++) {
            client()->messages->send(['conversation_id' => $id, 'message' => 'Away.']);
        }
        foreach (client()->messages->list(['conversation_id' => $id, 'limit' => 3]) as $message) {
            client()->messages->delete($message->id);
        }
        assertEqual(client()->messages->list(['conversation_id' => $id])->data, []);
    },

    'an empty list yields nothing' => function () use ($list): void {
        assertEqual(iterator_to_array($list(['query' => uniqueWord()])), []);
    },
];
