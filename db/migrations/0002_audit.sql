CREATE TABLE `audit` (
	`seq` integer PRIMARY KEY NOT NULL,
	`tenant` text NOT NULL,
	`at` integer NOT NULL,
	`key_id` text NOT NULL,
	`action` text NOT NULL,
	`target` text NOT NULL,
	`detail` text
) STRICT;
