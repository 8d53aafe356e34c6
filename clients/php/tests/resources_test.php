<?php

declare(strict_types=1);

use Protocol\ApiClient;
use Protocol\Exception\ApiConnectionException;
use Protocol\Exception\ConflictException;
use Protocol\Exception\NotFoundException;
use Protocol\Exception\ValidationException;
use Protocol\Model\Contact;

return [
    'groups can be created, retrieved, updated, listed and deleted' => function (): void {
        $name = uniqueWord();
        $group = client()->groups->create(['name' => $name, 'contacts' => [['username' => uniqueWord()]]]);
        assertEqual($group->name, $name);
        assertTrue($group->contacts[0] instanceof Contact);
        assertEqual(client()->groups->get($group->id), $group);
        $changes = ['description' => 'Ours.', 'archived_at' => 1700000000, 'contacts' => []];
        $changed = client()->groups->update($group->id, $changes);
        assertEqual($changed, array_replace($group->toArray(), $changes));
        assertEqual(client()->groups->list(['query' => $name, 'archived' => true])->data, [$changed]);
        assertEqual(client()->groups->list(['query' => $name, 'archived' => false])->data, []);
        assertEqual(client()->groups->update($group->id, ['archived_at' => null])->archived_at, null);
        client()->groups->delete($group->id);
        assertThrows(NotFoundException::class, fn () => client()->groups->get($group->id));
    },

    'a retrieved group can be sent back unchanged' => function (): void {
        $group = client()->groups->create(['name' => uniqueWord(), 'contacts' => [['username' => uniqueWord()]]]);
        assertEqual(client()->groups->update($group->id, $group->toArray()), $group);
        assertEqual(client()->groups->update($group->id, ['contacts' => $group->contacts]), $group);
        assertEqual(client()->groups->update($group->id, []), $group);
    },

    'members can be added, listed and removed' => function (): void {
        $members = client()->groups->contacts;
        $group = client()->groups->create(['name' => uniqueWord()]);
        $first = client()->contacts->create(['username' => uniqueWord()]);
        $second = client()->contacts->create(['username' => uniqueWord()]);
        $members->add($group->id, $first->id);
        $members->add($group->id, $second->id);
        assertEqual($members->list($group->id)->data, [$first, $second]);
        assertEqual(count(client()->groups->list(['contact_id' => $first->id])->data), 1);
        $members->remove($group->id, $first->id);
        assertEqual($members->list($group->id)->data, [$second]);
    },

    'contacts can be created, retrieved, updated, listed and deleted' => function (): void {
        $username = uniqueWord();
        $contact = client()->contacts
            ->create(['username' => $username, 'display_name' => 'Kevin', 'phone_number' => null]);
        assertEqual(client()->contacts->get($contact->id), $contact);
        $changed = client()->contacts->update($contact->id, ['phone_number' => '1-800']);
        assertEqual($changed, array_replace($contact->toArray(), ['phone_number' => '1-800']));
        assertEqual(client()->contacts->list(['username' => $username])->data, [$changed]);
        assertEqual(client()->contacts->list(['query' => $username])->data, [$changed]);
        client()->contacts->delete($contact->id);
        assertEqual(client()->contacts->list(['username' => $username])->data, []);
    },

    'conversations can be created, retrieved, updated, listed and deleted' => function (): void {
        $group = client()->groups->create(['name' => uniqueWord()]);
        $conversation = client()->conversations->get($group->conversation_id);
        $changes = ['is_pinned' => true, 'last_opened_at' => 1700000000];
        $changed = client()->conversations->update($conversation->id, $changes);
        assertEqual($changed, array_replace($conversation->toArray(), $changes));
        $filters = ['group_id' => $group->id, 'pinned' => true, 'muted' => false, 'archived' => false];
        assertEqual(client()->conversations->list($filters)->data, [$changed]);
        client()->conversations->delete($conversation->id);
        $another = client()->conversations->create(['group_id' => $group->id]);
        assertEqual($another->group_id, $group->id);
        assertTrue($another->id !== $conversation->id);
    },

    'messages can be sent, retrieved, updated, listed and deleted' => function (): void {
        $contact = client()->contacts->create(['username' => uniqueWord()]);
        $mine = ['conversation_id' => $contact->conversation_id];
        $word = uniqueWord();
        $message = client()->messages
            ->send($mine + ['contact_id' => $contact->id, 'message' => "$word ünïcode 🙂"]);
        assertEqual($message->message, "$word ünïcode 🙂");
        assertTrue($message->contact instanceof Contact && $message->contact->id === $contact->id);
        assertEqual(client()->messages->get($message->id), $message);
        $reactions = [['red_angry_face' => ['KateMcCallister']]];
        assertEqual(client()->messages->update($message->id, ['reactions' => $reactions])->reactions, $reactions);
        assertEqual(client()->messages->list($mine + ['query' => $word])->data[0]->id, $message->id);
        client()->messages->delete($message->id);
        assertEqual(client()->messages->list($mine)->data, []);
        assertEqual(client()->messages->send($mine + ['message' => 'From me.'])->contact, null);
    },

    'objects are read by property and cannot be changed' => function (): void {
        $group = client()->groups->create(['name' => uniqueWord()]);
        assertEqual([$group['name'], isset($group->id), isset($group['description'])], [$group->name, true, false]);
        assertThrows(OutOfBoundsException::class, fn () => $group->title);
        assertThrows(LogicException::class, fn () => $group->name = 'Other');
        assertThrows(LogicException::class, fn () => $group['name'] = 'Other');
    },

    'unknown properties are preserved' => function (): void {
        assertEqual(viaProxy('more', 'more')->groups->create(['name' => uniqueWord()])->more, [1]);
    },

    'a write with ifMatch requires the object to be unchanged' => function (): void {
        $groups = client()->groups;
        $read = $groups->create(['name' => uniqueWord()]);
        assertTrue(preg_match('/^".+"$/', $read->etag()) === 1);
        assertEqual($groups->list(['limit' => 1])->data[0]->etag(), null);
        $changed = $groups->update($read->id, ['description' => '1'], ifMatch: $read);
        $update = fn () => $groups->update($read->id, ['description' => '2'], ifMatch: $read);
        assertThrows(ConflictException::class, $update);
        $conflict = assertThrows(ConflictException::class, fn () => $groups->delete($read->id, ifMatch: $read->etag()));
        assertEqual($conflict->errorCode, 'precondition_failed');
        $groups->delete($read->id, ifMatch: $changed);
    },

    'create with a custom idempotency key takes effect once' => function (): void {
        [$name, $key] = [uniqueWord(), uniqueWord()];
        $create = fn (string $name) => client()->groups->create(['name' => $name], idempotencyKey: $key);
        assertEqual($create($name), $create($name));
        $mismatch = assertThrows(ValidationException::class, fn () => $create('Other'));
        assertEqual($mismatch->errorCode, 'idempotency_mismatch');
    },

    'each call has its own idempotency key, and the user agent names the client' => function (): void {
        $viaProxy = viaProxy('keys');
        $viaProxy->groups->create(['name' => uniqueWord()]);
        $viaProxy->groups->create(['name' => uniqueWord()]);
        [$first, $second] = proxyReport('keys')['requests'];
        assertTrue($first['idempotency_key'] !== $second['idempotency_key'] && strlen($first['idempotency_key']) >= 32);
        $version = json_decode(file_get_contents(__DIR__ . '/../composer.json'))->version;
        assertEqual($first['user_agent'], "protocol-api-php/$version");
    },

    'invalid arguments throw before a request is sent, without the token in the message' => function (): void {
        $assertInvalid = fn (callable $call) => assertThrows(InvalidArgumentException::class, $call);
        foreach (['', "secret\r\nX: y", "secret\n"] as $token) {
            assertTrue(!str_contains((string) $assertInvalid(fn () => new ApiClient($token)), 'secret'));
        }
        foreach (['', 'api.protocol.chat', 'ftp://a', 'https://user:pass@a', 'https://a?b', 'https://a#b'] as $url) {
            $assertInvalid(fn () => new ApiClient(token(), baseUrl: $url));
        }
        $assertInvalid(fn () => new ApiClient(token(), timeout: 0));
        $assertInvalid(fn () => new ApiClient(token(), connectTimeout: -1));
        $assertInvalid(fn () => new ApiClient(token(), maxRetries: -1));
        foreach (['', '..', 'a/b', "a\n"] as $id) {
            $assertInvalid(fn () => client()->groups->get($id));
        }
        $assertInvalid(fn () => client()->groups->create(['name' => 'a'], idempotencyKey: 'a b'));
        $assertInvalid(fn () => client()->groups->update('a', [], ifMatch: "a\r\nX: y"));
    },

    'a token that begins with groups_ needs a base URL; other tokens have a default' => function (): void {
        $message = 'A token that begins with groups_ belongs to a groups-server: '
            . 'set the base URL (baseUrl or PROTOCOL_API_BASE_URL).';
        $assertBaseUrl = static fn (ApiClient $client, string $url) => assertTrue(
            str_contains(print_r($client, true), "[baseUrl] => $url\n"),
            print_r($client, true),
        );
        $variable = getenv('PROTOCOL_API_BASE_URL');
        try {
            foreach (['PROTOCOL_API_BASE_URL', 'PROTOCOL_API_BASE_URL='] as $unset) {
                putenv($unset);
                foreach ([[], ['baseUrl' => null]] as $options) {
                    $construct = static fn () => new ApiClient('groups_secret', ...$options);
                    $error = assertThrows(InvalidArgumentException::class, $construct);
                    assertEqual($error->getMessage(), $message);
                    assertTrue(!str_contains($error . print_r($error, true), 'groups_secret'));
                }
                foreach (['secret', 'groups', 'a_groups_'] as $token) {
                    $assertBaseUrl(new ApiClient($token), 'https://api.protocol.chat');
                }
                $assertBaseUrl(new ApiClient('groups_secret', baseUrl: 'http://a'), 'http://a');
            }
            putenv('PROTOCOL_API_BASE_URL=http://b');
            $assertBaseUrl(new ApiClient('groups_secret'), 'http://b');
        } finally {
            putenv("PROTOCOL_API_BASE_URL=$variable");
        }
    },

    'clients and exceptions do not expose the token' => function (): void {
        $unreachable = new ApiClient(token(), baseUrl: 'http://127.0.0.1:' . closedPort(), maxRetries: 0);
        $connectionFailed = assertThrows(ApiConnectionException::class, fn () => $unreachable->groups->list());
        $notFound = assertThrows(NotFoundException::class, fn () => client()->groups->get('nothing'));
        $serialized = assertThrows(LogicException::class, fn () => serialize($unreachable));
        ob_start();
        var_dump($unreachable, client()->groups, $connectionFailed, $notFound);
        print_r([$unreachable, client()->groups, $connectionFailed, $notFound]);
        echo $connectionFailed, $notFound, $serialized;
        assertTrue(!str_contains(ob_get_clean(), substr(token(), 0, 12)));
    },
];
