<?php

declare(strict_types=1);

namespace Protocol\Resource;

use Protocol\Model\Contact;
use Protocol\Model\Group;
use Protocol\Page;
use Protocol\Transport;

/** The members of a group. Here `$ifMatch` refers to the group. */
final readonly class Members
{
    /** @internal */
    public function __construct(private Transport $transport)
    {
    }

    /**
     * Lists the members in the group's order.
     *
     * @param array{limit?: int, starting_after?: string, ending_before?: string} $params
     * @return Page<Contact>
     */
    public function list(string $groupId, array $params = [], ?float $timeout = null): Page
    {
        return $this->endpoint($groupId)->list($params, $timeout);
    }

    /** Adds a contact as the last member. An existing member keeps its position. */
    public function add(
        string $groupId,
        string $contactId,
        Group|string|null $ifMatch = null,
        ?float $timeout = null,
    ): void {
        $this->endpoint($groupId)->put($contactId, $ifMatch, $timeout);
    }

    /** Removes a member. */
    public function remove(
        string $groupId,
        string $contactId,
        Group|string|null $ifMatch = null,
        ?float $timeout = null,
    ): void {
        $this->endpoint($groupId)->delete($contactId, $ifMatch, $timeout);
    }

    /** @return Endpoint<Contact> */
    private function endpoint(string $groupId): Endpoint
    {
        $path = '/v1/groups/' . Endpoint::checkId($groupId) . '/contacts';
        return new Endpoint($this->transport, $path, Contact::class);
    }
}
