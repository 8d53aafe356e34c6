<?php

declare(strict_types=1);

namespace Protocol\Resource;

use Protocol\Model\Group;
use Protocol\Page;
use Protocol\Transport;

/**
 * A contact is given by its id, as an object or array with its `id`, or as an array with a `username`, which creates
 * the contact if it does not exist.
 *
 * @phpstan-type ContactRef string|\Protocol\Model\Contact|array{id: string, ...}|array{
 *     username: string, phone_number?: string|null, avatar_url?: string|null, display_name?: string|null}
 */
final readonly class Groups
{
    public Members $contacts;

    /** @var Endpoint<Group> */
    private Endpoint $endpoint;

    /** @internal */
    public function __construct(Transport $transport)
    {
        $this->endpoint = new Endpoint($transport, '/v1/groups', Group::class);
        $this->contacts = new Members($transport);
    }

    /**
     * @param array{archived?: bool, contact_id?: string, query?: string,
     *     limit?: int, starting_after?: string, ending_before?: string} $params
     * @return Page<Group>
     */
    public function list(array $params = [], ?float $timeout = null): Page
    {
        return $this->endpoint->list($params, $timeout);
    }

    /**
     * @param array{name: string, description?: string|null, avatar_url?: string|null,
     *     contacts?: list<ContactRef>} $params
     */
    public function create(array $params, ?string $idempotencyKey = null, ?float $timeout = null): Group
    {
        return $this->endpoint->create($params, $idempotencyKey, $timeout);
    }

    public function get(string $id, ?float $timeout = null): Group
    {
        return $this->endpoint->get($id, $timeout);
    }

    /**
     * Changes the given properties. `contacts` replaces all members; a null `archived_at` restores the group.
     *
     * @param array{name?: string, description?: string|null, avatar_url?: string|null,
     *     contacts?: list<ContactRef>, archived_at?: int|null} $changes
     * @param Group|string|null $ifMatch Update only if unchanged: an earlier group, or its ETag.
     */
    public function update(
        string $id,
        array $changes,
        Group|string|null $ifMatch = null,
        ?float $timeout = null,
    ): Group {
        return $this->endpoint->update($id, $changes, $ifMatch, $timeout);
    }

    /** Permanently deletes the group, its conversation and its messages. Its contacts remain. */
    public function delete(string $id, Group|string|null $ifMatch = null, ?float $timeout = null): void
    {
        $this->endpoint->delete($id, $ifMatch, $timeout);
    }
}
