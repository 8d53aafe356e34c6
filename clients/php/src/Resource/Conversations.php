<?php

declare(strict_types=1);

namespace Protocol\Resource;

use Protocol\Model\Conversation;
use Protocol\Page;
use Protocol\Transport;

final readonly class Conversations
{
    /** @var Requests<Conversation> */
    private Requests $requests;

    /** @internal */
    public function __construct(Transport $transport)
    {
        $this->requests = new Requests($transport, '/v1/conversations', Conversation::class);
    }

    /**
     * @param array{archived?: bool, muted?: bool, pinned?: bool, group_id?: string, contact_id?: string,
     *     limit?: int, starting_after?: string, ending_before?: string} $params
     * @return Page<Conversation>
     */
    public function list(array $params = [], ?float $timeout = null): Page
    {
        return $this->requests->list($params, $timeout);
    }

    /**
     * Makes the conversation of a contact or group that has none.
     *
     * @param array{contact_id: string}|array{group_id: string} $params
     */
    public function create(array $params, ?string $idempotencyKey = null, ?float $timeout = null): Conversation
    {
        return $this->requests->make($params, $idempotencyKey, $timeout);
    }

    public function get(string $id, ?float $timeout = null): Conversation
    {
        return $this->requests->get($id, $timeout);
    }

    /**
     * Changes what is given.
     *
     * @param array{pinned_message_id?: string|null, is_pinned?: bool, is_muted?: bool,
     *     last_opened_at?: int|null, archived_at?: int|null} $changes
     * @param Conversation|string|null $ifMatch Write only if it is still this one: a conversation or its ETag.
     */
    public function update(
        string $id,
        array $changes,
        Conversation|string|null $ifMatch = null,
        ?float $timeout = null,
    ): Conversation {
        return $this->requests->update($id, $changes, $ifMatch, $timeout);
    }

    /** For good, with its messages; its group or contact stays. */
    public function delete(string $id, Conversation|string|null $ifMatch = null, ?float $timeout = null): void
    {
        $this->requests->delete($id, $ifMatch, $timeout);
    }
}
