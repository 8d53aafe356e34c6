<?php

declare(strict_types=1);

namespace Protocol\Model;

/**
 * @property-read string $id
 * @property-read string $username
 * @property-read string|null $phone_number
 * @property-read string|null $avatar_url
 * @property-read string|null $display_name
 * @property-read string|null $conversation_id
 * @property-read int|null $last_active_at
 * @property-read int $created_at
 */
final class Contact extends Model
{
}
