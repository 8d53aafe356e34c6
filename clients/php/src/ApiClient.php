<?php

declare(strict_types=1);

namespace Protocol;

use Protocol\Resource\Contacts;
use Protocol\Resource\Conversations;
use Protocol\Resource\Groups;
use Protocol\Resource\Messages;

/** The client of the Protocol API: groups, contacts, conversations and messages. */
final class ApiClient
{
    /** The version of composer.json, which a test holds it to. */
    public const VERSION = '0.1.0';

    public readonly Groups $groups;
    public readonly Contacts $contacts;
    public readonly Conversations $conversations;
    public readonly Messages $messages;

    /**
     * @param string|null $baseUrl Where the API is, with its base path if it has one. Else PROTOCOL_API_BASE_URL,
     *                             else https://api.protocol.chat.
     * @param float $timeout Seconds that a call may take, all tries included.
     * @param float $connectTimeout Seconds that a connection may take to be made, each try.
     * @param int $maxRetries How many times a request is sent again.
     */
    public function __construct(
        #[\SensitiveParameter] string $token,
        ?string $baseUrl = null,
        float $timeout = 60.0,
        float $connectTimeout = 10.0,
        int $maxRetries = 3,
    ) {
        $transport = new Transport($token, $baseUrl, $timeout, $connectTimeout, $maxRetries);
        $this->groups = new Groups($transport);
        $this->contacts = new Contacts($transport);
        $this->conversations = new Conversations($transport);
        $this->messages = new Messages($transport);
    }
}
