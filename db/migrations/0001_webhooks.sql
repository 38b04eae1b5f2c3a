CREATE TABLE `webhook_attempts` (
	`delivery_seq` integer NOT NULL,
	`attempt` integer NOT NULL,
	`at` integer NOT NULL,
	`status` integer,
	`error` text,
	`duration_ms` integer NOT NULL,
	`excerpt` text,
	PRIMARY KEY(`delivery_seq`, `attempt`),
	FOREIGN KEY (`delivery_seq`) REFERENCES `webhook_deliveries`(`seq`) ON UPDATE no action ON DELETE cascade,
	CONSTRAINT "webhook_attempts_attempt" CHECK("webhook_attempts"."attempt" >= 1)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `webhook_deliveries` (
	`seq` integer PRIMARY KEY NOT NULL,
	`delivery_id` text NOT NULL,
	`tenant` text NOT NULL,
	`job_seq` integer NOT NULL,
	`url` text NOT NULL,
	`host` text NOT NULL,
	`job_status` text NOT NULL,
	`ending` text NOT NULL,
	`state` text NOT NULL,
	`reason` text,
	`attempts` integer NOT NULL,
	`step` integer NOT NULL,
	`next_attempt_at` integer,
	`created_at` integer NOT NULL,
	`ended_at` integer,
	FOREIGN KEY (`job_seq`) REFERENCES `jobs`(`seq`) ON UPDATE no action ON DELETE cascade,
	CONSTRAINT "webhook_deliveries_status" CHECK("webhook_deliveries"."job_status" in ('done','failed','cancelled')),
	CONSTRAINT "webhook_deliveries_state" CHECK("webhook_deliveries"."state" in ('pending','delivered','failed')),
	CONSTRAINT "webhook_deliveries_pending" CHECK(("webhook_deliveries"."state" = 'pending') = ("webhook_deliveries"."next_attempt_at" is not null) and ("webhook_deliveries"."state" = 'pending') = ("webhook_deliveries"."ended_at" is null)),
	CONSTRAINT "webhook_deliveries_failed" CHECK(("webhook_deliveries"."state" = 'failed') = ("webhook_deliveries"."reason" is not null) and "webhook_deliveries"."reason" in ('exhausted','gone')),
	CONSTRAINT "webhook_deliveries_step" CHECK("webhook_deliveries"."step" between 0 and "webhook_deliveries"."attempts")
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `webhook_deliveries_id` ON `webhook_deliveries` (`delivery_id`);--> statement-breakpoint
CREATE INDEX `webhook_deliveries_job` ON `webhook_deliveries` (`job_seq`,`seq`);--> statement-breakpoint
CREATE INDEX `webhook_deliveries_next` ON `webhook_deliveries` (`host`,`next_attempt_at`,`seq`) WHERE state = 'pending';--> statement-breakpoint
CREATE TABLE `webhook_secrets` (
	`seq` integer PRIMARY KEY NOT NULL,
	`tenant` text NOT NULL,
	`secret` text NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer
) STRICT;
--> statement-breakpoint
CREATE INDEX `webhook_secrets_tenant` ON `webhook_secrets` (`tenant`);--> statement-breakpoint
CREATE UNIQUE INDEX `webhook_secrets_newest` ON `webhook_secrets` (`tenant`) WHERE expires_at is null;