<?php

declare(strict_types=1);

namespace Protocol\Resource;

use Protocol\Model\Conversation;
use Protocol\Page;
use Protocol\Transport;

final readonly class Conversations
{
    /** @var Endpoint<Conversation> */
    private Endpoint $endpoint;

    /** @internal */
    public function __construct(Transport $transport)
    {
        $this->endpoint = new Endpoint($transport, '/v1/conversations', Conversation::class);
    }

    /**
     * @param array{archived?: bool, muted?: bool, pinned?: bool, group_id?: string, contact_id?: string,
     *     limit?: int, starting_after?: string, ending_before?: string} $params
     * @return Page<Conversation>
     */
    public function list(array $params = [], ?float $timeout = null): Page
    {
        return $this->endpoint->list($params, $timeout);
    }

    /**
     * Creates a conversation for a contact or group that has none.
     *
     * @param array{contact_id: string}|array{group_id: string} $params
     */
    public function create(array $params, ?string $idempotencyKey = null, ?float $timeout = null): Conversation
    {
        return $this->endpoint->create($params, $idempotencyKey, $timeout);
    }

    public function get(string $id, ?float $timeout = null): Conversation
    {
        return $this->endpoint->get($id, $timeout);
    }

    /**
     * Changes the given properties.
     *
     * @param array{pinned_message_id?: string|null, is_pinned?: bool, is_muted?: bool,
     *     last_opened_at?: int|null, archived_at?: int|null} $changes
     * @param Conversation|string|null $ifMatch Update only if unchanged: an earlier conversation, or its ETag.
     */
    public function update(
        string $id,
        array $changes,
        Conversation|string|null $ifMatch = null,
        ?float $timeout = null,
    ): Conversation {
        return $this->endpoint->update($id, $changes, $ifMatch, $timeout);
    }

    /** Permanently deletes the conversation and its messages. Its group or contact remains. */
    public function delete(string $id, Conversation|string|null $ifMatch = null, ?float $timeout = null): void
    {
        $this->endpoint->delete($id, $ifMatch, $timeout);
    }
}
