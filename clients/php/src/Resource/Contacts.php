<?php

declare(strict_types=1);

namespace Protocol\Resource;

use Protocol\Model\Contact;
use Protocol\Page;
use Protocol\Transport;

final readonly class Contacts
{
    /** @var Endpoint<Contact> */
    private Endpoint $endpoint;

    /** @internal */
    public function __construct(Transport $transport)
    {
        $this->endpoint = new Endpoint($transport, '/v1/contacts', Contact::class);
    }

    /**
     * @param array{username?: string, query?: string,
     *     limit?: int, starting_after?: string, ending_before?: string} $params
     * @return Page<Contact>
     */
    public function list(array $params = [], ?float $timeout = null): Page
    {
        return $this->endpoint->list($params, $timeout);
    }

    /**
     * Creates a contact. The username must be unique.
     *
     * @param array{username: string, phone_number?: string|null,
     *     avatar_url?: string|null, display_name?: string|null} $params
     */
    public function create(array $params, ?string $idempotencyKey = null, ?float $timeout = null): Contact
    {
        return $this->endpoint->create($params, $idempotencyKey, $timeout);
    }

    public function get(string $id, ?float $timeout = null): Contact
    {
        return $this->endpoint->get($id, $timeout);
    }

    /**
     * Changes the given properties.
     *
     * @param array{username?: string, phone_number?: string|null,
     *     avatar_url?: string|null, display_name?: string|null} $changes
     * @param Contact|string|null $ifMatch Update only if unchanged: an earlier contact, or its ETag.
     */
    public function update(
        string $id,
        array $changes,
        Contact|string|null $ifMatch = null,
        ?float $timeout = null,
    ): Contact {
        return $this->endpoint->update($id, $changes, $ifMatch, $timeout);
    }

    /** Permanently deletes the contact and its conversation, and removes it from every group. */
    public function delete(string $id, Contact|string|null $ifMatch = null, ?float $timeout = null): void
    {
        $this->endpoint->delete($id, $ifMatch, $timeout);
    }
}
