<?php

declare(strict_types=1);

namespace Protocol\Model;

/**
 * @property-read string $id
 * @property-read string $name
 * @property-read string|null $description
 * @property-read string|null $avatar_url
 * @property-read string|null $conversation_id
 * @property-read list<Contact> $contacts
 * @property-read int $created_at
 * @property-read int|null $archived_at
 */
final class Group extends Model
{
    protected static function parse(array $properties): array
    {
        $properties['contacts'] = array_map(Contact::fromArray(...), $properties['contacts']);
        return $properties;
    }
}
