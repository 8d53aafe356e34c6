<?php

declare(strict_types=1);

namespace Protocol\Exception;

/** 404: the object does not exist. */
final class NotFoundException extends ApiException
{
}
