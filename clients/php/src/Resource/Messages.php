<?php

declare(strict_types=1);

namespace Protocol\Resource;

use Protocol\Model\Message;
use Protocol\Page;
use Protocol\Transport;

final readonly class Messages
{
    /** @var Requests<Message> */
    private Requests $requests;

    /** @internal */
    public function __construct(Transport $transport)
    {
        $this->requests = new Requests($transport, '/v1/messages', Message::class);
    }

    /**
     * @param array{conversation_id?: string, query?: string,
     *     limit?: int, starting_after?: string, ending_before?: string} $params
     * @return Page<Message>
     */
    public function list(array $params = [], ?float $timeout = null): Page
    {
        return $this->requests->list($params, $timeout);
    }

    /**
     * Sends a message from you, or from `contact_id`: a member of the group or the conversation's contact.
     *
     * @param array{conversation_id: string, message: string, contact_id?: string|null} $params
     */
    public function send(array $params, ?string $idempotencyKey = null, ?float $timeout = null): Message
    {
        return $this->requests->make($params, $idempotencyKey, $timeout);
    }

    public function get(string $id, ?float $timeout = null): Message
    {
        return $this->requests->get($id, $timeout);
    }

    /**
     * Changes what is given.
     *
     * @param array{message?: string, read_at?: int|null,
     *     reactions?: list<array<string, list<string>>>|array<string, list<string>>} $changes
     * @param Message|string|null $ifMatch Write only if it is still this one: a message or its ETag.
     */
    public function update(
        string $id,
        array $changes,
        Message|string|null $ifMatch = null,
        ?float $timeout = null,
    ): Message {
        return $this->requests->update($id, $changes, $ifMatch, $timeout);
    }

    /** For good. */
    public function delete(string $id, Message|string|null $ifMatch = null, ?float $timeout = null): void
    {
        $this->requests->delete($id, $ifMatch, $timeout);
    }
}
