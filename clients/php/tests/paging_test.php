<?php

declare(strict_types=1);

use Protocol\Page;

// Newest first, as lists are.
$texts = array_map(strval(...), range(25, 1));
$textsOf = static function (iterable $messages): array {
    $texts = [];
    foreach ($messages as $message) {
        $texts[] = $message->message;
    }
    return $texts;
};
/** All of them, sent when they are first asked for. */
$conversation = static function () use ($texts): string {
    static $id = null;
    if ($id === null) {
        $id = client()->groups->create(['name' => word()])->conversation_id;
        foreach (array_reverse($texts) as $text) {
            client()->messages->send(['conversation_id' => $id, 'message' => $text]);
        }
    }
    return $id;
};
$list = static fn (array $params = []): Page
    => client()->messages->list(['conversation_id' => $conversation()] + $params);

return [
    'a list is a page, from which the next is asked for' => function () use ($list, $texts, $textsOf): void {
        $first = $list();
        equal([$textsOf($first->data), $first->has_more], [array_slice($texts, 0, 10), true]);
        $second = $first->nextPage();
        equal($textsOf($second->data), array_slice($texts, 10, 10));
        $third = $second->nextPage();
        equal([$textsOf($third->data), $third->has_more], [array_slice($texts, 20), false]);
        equal($third->nextPage(), null);
    },

    'a list iterates over all of its pages' => function () use ($conversation, $texts, $textsOf): void {
        $all = proxied('paging')->messages->list(['conversation_id' => $conversation()]);
        equal($textsOf($all), $texts);
        equal(count(report('paging')['requests']), 3);
        equal(count(iterator_to_array($all)), 25);
    },

    'a page iterates over itself and the pages after it' => function () use ($list, $texts, $textsOf): void {
        equal($textsOf($list()->nextPage()), array_slice($texts, 10));
    },

    'a list before an object goes on towards the newest' => function () use ($list, $texts, $textsOf): void {
        $before = $list(['limit' => 4, 'ending_before' => $list(['limit' => 25])->data[9]->id]);
        equal($textsOf($before->data), array_slice($texts, 5, 4));
        equal($textsOf($before), array_reverse(array_slice($texts, 0, 9)));
    },

    'a loop may delete what it is given' => function (): void {
        $id = client()->groups->create(['name' => word()])->conversation_id;
        for ($count = 0; $count < 7; $count++) {
            client()->messages->send(['conversation_id' => $id, 'message' => 'Away.']);
        }
        foreach (client()->messages->list(['conversation_id' => $id, 'limit' => 3]) as $message) {
            client()->messages->delete($message->id);
        }
        equal(client()->messages->list(['conversation_id' => $id])->data, []);
    },

    'an empty list iterates over nothing' => function () use ($list): void {
        equal(iterator_to_array($list(['query' => word()])), []);
    },
];
