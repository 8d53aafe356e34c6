<?php

declare(strict_types=1);

namespace Protocol\Model;

/**
 * @property-read string $id
 * @property-read string|null $contact_id
 * @property-read string|null $group_id
 * @property-read string|null $pinned_message_id
 * @property-read bool $is_pinned
 * @property-read bool $is_muted
 * @property-read int|null $last_active_at
 * @property-read int|null $last_opened_at
 * @property-read int $created_at
 * @property-read int|null $archived_at
 */
final class Conversation extends Model
{
}
