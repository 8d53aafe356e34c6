<?php

declare(strict_types=1);

namespace Protocol\Resource;

use Protocol\Model\Group;
use Protocol\Page;
use Protocol\Transport;

/**
 * A contact is named by its id, by an object with its `id`, or by a `username`, which makes it if there is none.
 *
 * @phpstan-type ContactRef string|\Protocol\Model\Contact|array{id: string, ...}|array{
 *     username: string, phone_number?: string|null, avatar_url?: string|null, display_name?: string|null}
 */
final readonly class Groups
{
    /** The members of a group. */
    public Members $contacts;

    /** @var Requests<Group> */
    private Requests $requests;

    /** @internal */
    public function __construct(Transport $transport)
    {
        $this->requests = new Requests($transport, '/v1/groups', Group::class);
        $this->contacts = new Members($transport);
    }

    /**
     * @param array{archived?: bool, contact_id?: string, query?: string,
     *     limit?: int, starting_after?: string, ending_before?: string} $params
     * @return Page<Group>
     */
    public function list(array $params = [], ?float $timeout = null): Page
    {
        return $this->requests->list($params, $timeout);
    }

    /**
     * @param array{name: string, description?: string|null, avatar_url?: string|null,
     *     contacts?: list<ContactRef>} $params
     */
    public function create(array $params, ?string $idempotencyKey = null, ?float $timeout = null): Group
    {
        return $this->requests->make($params, $idempotencyKey, $timeout);
    }

    public function get(string $id, ?float $timeout = null): Group
    {
        return $this->requests->get($id, $timeout);
    }

    /**
     * Changes what is given; `contacts` are all members then, `archived_at` null restores.
     *
     * @param array{name?: string, description?: string|null, avatar_url?: string|null,
     *     contacts?: list<ContactRef>, archived_at?: int|null} $changes
     * @param Group|string|null $ifMatch Write only if it is still this one: a group or its ETag.
     */
    public function update(
        string $id,
        array $changes,
        Group|string|null $ifMatch = null,
        ?float $timeout = null,
    ): Group {
        return $this->requests->update($id, $changes, $ifMatch, $timeout);
    }

    /** For good, with its conversation and messages; the contacts stay. */
    public function delete(string $id, Group|string|null $ifMatch = null, ?float $timeout = null): void
    {
        $this->requests->delete($id, $ifMatch, $timeout);
    }
}
