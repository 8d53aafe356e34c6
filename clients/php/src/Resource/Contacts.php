<?php

declare(strict_types=1);

namespace Protocol\Resource;

use Protocol\Model\Contact;
use Protocol\Page;
use Protocol\Transport;

final readonly class Contacts
{
    /** @var Requests<Contact> */
    private Requests $requests;

    /** @internal */
    public function __construct(Transport $transport)
    {
        $this->requests = new Requests($transport, '/v1/contacts', Contact::class);
    }

    /**
     * @param array{username?: string, query?: string,
     *     limit?: int, starting_after?: string, ending_before?: string} $params
     * @return Page<Contact>
     */
    public function list(array $params = [], ?float $timeout = null): Page
    {
        return $this->requests->list($params, $timeout);
    }

    /**
     * Makes a contact with a user name of its own.
     *
     * @param array{username: string, phone_number?: string|null,
     *     avatar_url?: string|null, display_name?: string|null} $params
     */
    public function create(array $params, ?string $idempotencyKey = null, ?float $timeout = null): Contact
    {
        return $this->requests->make($params, $idempotencyKey, $timeout);
    }

    public function get(string $id, ?float $timeout = null): Contact
    {
        return $this->requests->get($id, $timeout);
    }

    /**
     * Changes what is given.
     *
     * @param array{username?: string, phone_number?: string|null,
     *     avatar_url?: string|null, display_name?: string|null} $changes
     * @param Contact|string|null $ifMatch Write only if it is still this one: a contact or its ETag.
     */
    public function update(
        string $id,
        array $changes,
        Contact|string|null $ifMatch = null,
        ?float $timeout = null,
    ): Contact {
        return $this->requests->update($id, $changes, $ifMatch, $timeout);
    }

    /** For good, with its conversation; it leaves every group. */
    public function delete(string $id, Contact|string|null $ifMatch = null, ?float $timeout = null): void
    {
        $this->requests->delete($id, $ifMatch, $timeout);
    }
}
