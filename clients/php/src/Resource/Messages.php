<?php

declare(strict_types=1);

namespace Protocol\Resource;

use Protocol\Model\Message;
use Protocol\Page;
use Protocol\Transport;

final readonly class Messages
{
    /** @var Endpoint<Message> */
    private Endpoint $endpoint;

    /** @internal */
    public function __construct(Transport $transport)
    {
        $this->endpoint = new Endpoint($transport, '/v1/messages', Message::class);
    }

    /**
     * @param array{conversation_id?: string, query?: string,
     *     limit?: int, starting_after?: string, ending_before?: string} $params
     * @return Page<Message>
     */
    public function list(array $params = [], ?float $timeout = null): Page
    {
        return $this->endpoint->list($params, $timeout);
    }

    /**
     * Sends a message. `contact_id` is the sender: a member of the group, or the conversation's contact. Default: you.
     *
     * @param array{conversation_id: string, message: string, contact_id?: string|null} $params
     */
    public function send(array $params, ?string $idempotencyKey = null, ?float $timeout = null): Message
    {
        return $this->endpoint->create($params, $idempotencyKey, $timeout);
    }

    public function get(string $id, ?float $timeout = null): Message
    {
        return $this->endpoint->get($id, $timeout);
    }

    /**
     * Changes the given properties.
     *
     * @param array{message?: string, read_at?: int|null,
     *     reactions?: list<array<string, list<string>>>|array<string, list<string>>} $changes
     * @param Message|string|null $ifMatch Update only if unchanged: an earlier message, or its ETag.
     */
    public function update(
        string $id,
        array $changes,
        Message|string|null $ifMatch = null,
        ?float $timeout = null,
    ): Message {
        return $this->endpoint->update($id, $changes, $ifMatch, $timeout);
    }

    /** Permanently deletes the message. */
    public function delete(string $id, Message|string|null $ifMatch = null, ?float $timeout = null): void
    {
        $this->endpoint->delete($id, $ifMatch, $timeout);
    }
}
