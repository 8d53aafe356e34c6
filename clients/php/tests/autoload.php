<?php

declare(strict_types=1);

// Equivalent to the autoloader that Composer generates from composer.json.
spl_autoload_register(static function (string $class): void {
    $file = __DIR__ . '/../src/' . strtr(substr($class, strlen('Protocol\\')), '\\', '/') . '.php';
    if (str_starts_with($class, 'Protocol\\') && is_file($file)) {
        require $file;
    }
});
