<?php

declare(strict_types=1);

use Protocol\ApiClient;
use Protocol\Exception\ApiConnectionException;
use Protocol\Exception\ConflictException;
use Protocol\Exception\NotFoundException;
use Protocol\Exception\ValidationException;
use Protocol\Model\Contact;

return [
    'groups are made, read, changed, listed and deleted' => function (): void {
        $name = word();
        $group = client()->groups->create(['name' => $name, 'contacts' => [['username' => word()]]]);
        equal($group->name, $name);
        holds($group->contacts[0] instanceof Contact);
        equal(client()->groups->get($group->id), $group);
        $changes = ['description' => 'Ours.', 'archived_at' => 1700000000, 'contacts' => []];
        $changed = client()->groups->update($group->id, $changes);
        equal($changed, array_replace($group->toArray(), $changes));
        equal(client()->groups->list(['query' => $name, 'archived' => true])->data, [$changed]);
        equal(client()->groups->list(['query' => $name, 'archived' => false])->data, []);
        equal(client()->groups->update($group->id, ['archived_at' => null])->archived_at, null);
        client()->groups->delete($group->id);
        fails(NotFoundException::class, fn () => client()->groups->get($group->id));
    },

    'a group that was read can be sent back' => function (): void {
        $group = client()->groups->create(['name' => word(), 'contacts' => [['username' => word()]]]);
        equal(client()->groups->update($group->id, $group->toArray()), $group);
        equal(client()->groups->update($group->id, ['contacts' => $group->contacts]), $group);
        equal(client()->groups->update($group->id, []), $group);
    },

    'members are added, listed and taken out' => function (): void {
        $members = client()->groups->contacts;
        $group = client()->groups->create(['name' => word()]);
        $first = client()->contacts->create(['username' => word()]);
        $second = client()->contacts->create(['username' => word()]);
        $members->add($group->id, $first->id);
        $members->add($group->id, $second->id);
        equal($members->list($group->id)->data, [$first, $second]);
        equal(count(client()->groups->list(['contact_id' => $first->id])->data), 1);
        $members->remove($group->id, $first->id);
        equal($members->list($group->id)->data, [$second]);
    },

    'contacts are made, read, changed, listed and deleted' => function (): void {
        $username = word();
        $contact = client()->contacts
            ->create(['username' => $username, 'display_name' => 'Kevin', 'phone_number' => null]);
        equal(client()->contacts->get($contact->id), $contact);
        $changed = client()->contacts->update($contact->id, ['phone_number' => '1-800']);
        equal($changed, array_replace($contact->toArray(), ['phone_number' => '1-800']));
        equal(client()->contacts->list(['username' => $username])->data, [$changed]);
        equal(client()->contacts->list(['query' => $username])->data, [$changed]);
        client()->contacts->delete($contact->id);
        equal(client()->contacts->list(['username' => $username])->data, []);
    },

    'conversations are made, read, changed, listed and deleted' => function (): void {
        $group = client()->groups->create(['name' => word()]);
        $conversation = client()->conversations->get($group->conversation_id);
        $changes = ['is_pinned' => true, 'last_opened_at' => 1700000000];
        $changed = client()->conversations->update($conversation->id, $changes);
        equal($changed, array_replace($conversation->toArray(), $changes));
        $filters = ['group_id' => $group->id, 'pinned' => true, 'muted' => false, 'archived' => false];
        equal(client()->conversations->list($filters)->data, [$changed]);
        client()->conversations->delete($conversation->id);
        $another = client()->conversations->create(['group_id' => $group->id]);
        equal($another->group_id, $group->id);
        holds($another->id !== $conversation->id);
    },

    'messages are sent, read, changed, listed and deleted' => function (): void {
        $contact = client()->contacts->create(['username' => word()]);
        $mine = ['conversation_id' => $contact->conversation_id];
        $word = word();
        $message = client()->messages
            ->send($mine + ['contact_id' => $contact->id, 'message' => "$word ünïcode 🙂"]);
        equal($message->message, "$word ünïcode 🙂");
        holds($message->contact instanceof Contact && $message->contact->id === $contact->id);
        equal(client()->messages->get($message->id), $message);
        $reactions = [['red_angry_face' => ['KateMcCallister']]];
        equal(client()->messages->update($message->id, ['reactions' => $reactions])->reactions, $reactions);
        equal(client()->messages->list($mine + ['query' => $word])->data[0]->id, $message->id);
        client()->messages->delete($message->id);
        equal(client()->messages->list($mine)->data, []);
        equal(client()->messages->send($mine + ['message' => 'From me.'])->contact, null);
    },

    'an answer is read by its properties, and cannot be changed' => function (): void {
        $group = client()->groups->create(['name' => word()]);
        equal([$group['name'], isset($group->id), isset($group['description'])], [$group->name, true, false]);
        fails(OutOfBoundsException::class, fn () => $group->title);
        fails(LogicException::class, fn () => $group->name = 'Other');
        fails(LogicException::class, fn () => $group['name'] = 'Other');
    },

    'a property that the client does not know is kept' => function (): void {
        equal(proxied('more', 'more')->groups->create(['name' => word()])->more, [1]);
    },

    'a write with ifMatch is for the object that was read alone' => function (): void {
        $groups = client()->groups;
        $read = $groups->create(['name' => word()]);
        holds(preg_match('/^".+"$/', $read->etag()) === 1);
        equal($groups->list(['limit' => 1])->data[0]->etag(), null);
        $changed = $groups->update($read->id, ['description' => '1'], ifMatch: $read);
        fails(ConflictException::class, fn () => $groups->update($read->id, ['description' => '2'], ifMatch: $read));
        $refused = fails(ConflictException::class, fn () => $groups->delete($read->id, ifMatch: $read->etag()));
        equal($refused->errorCode, 'precondition_failed');
        $groups->delete($read->id, ifMatch: $changed);
    },

    'a create under a key of the caller takes effect once' => function (): void {
        [$name, $key] = [word(), word()];
        $create = fn (string $name) => client()->groups->create(['name' => $name], idempotencyKey: $key);
        equal($create($name), $create($name));
        equal(fails(ValidationException::class, fn () => $create('Other'))->errorCode, 'idempotency_mismatch');
    },

    'every call has a key of its own, and its client names itself' => function (): void {
        $through = proxied('keys');
        $through->groups->create(['name' => word()]);
        $through->groups->create(['name' => word()]);
        [$first, $second] = report('keys')['requests'];
        holds($first['idempotency_key'] !== $second['idempotency_key'] && strlen($first['idempotency_key']) >= 32);
        $version = json_decode(file_get_contents(__DIR__ . '/../composer.json'))->version;
        equal($first['user_agent'], "protocol-api-php/$version");
    },

    'wrong arguments are refused before a request, and never show the token' => function (): void {
        $refused = fn (callable $call) => fails(InvalidArgumentException::class, $call);
        foreach (['', "secret\r\nX: y", "secret\n"] as $token) {
            holds(!str_contains((string) $refused(fn () => new ApiClient($token)), 'secret'));
        }
        foreach (['', 'api.protocol.chat', 'ftp://a', 'https://user:pass@a', 'https://a?b', 'https://a#b'] as $url) {
            $refused(fn () => new ApiClient(token(), baseUrl: $url));
        }
        $refused(fn () => new ApiClient(token(), timeout: 0));
        $refused(fn () => new ApiClient(token(), connectTimeout: -1));
        $refused(fn () => new ApiClient(token(), maxRetries: -1));
        foreach (['', '..', 'a/b', "a\n"] as $id) {
            $refused(fn () => client()->groups->get($id));
        }
        $refused(fn () => client()->groups->create(['name' => 'a'], idempotencyKey: 'a b'));
        $refused(fn () => client()->groups->update('a', [], ifMatch: "a\r\nX: y"));
    },

    'the token is not in what a client or an exception shows' => function (): void {
        $nobody = new ApiClient(token(), baseUrl: 'http://127.0.0.1:' . closedPort(), maxRetries: 0);
        $unreached = fails(ApiConnectionException::class, fn () => $nobody->groups->list());
        $refused = fails(NotFoundException::class, fn () => client()->groups->get('nothing'));
        $serialized = fails(LogicException::class, fn () => serialize($nobody));
        ob_start();
        var_dump($nobody, client()->groups, $unreached, $refused);
        print_r([$nobody, client()->groups, $unreached, $refused]);
        echo $unreached, $refused, $serialized;
        holds(!str_contains(ob_get_clean(), substr(token(), 0, 12)));
    },
];
