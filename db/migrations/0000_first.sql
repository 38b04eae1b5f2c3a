CREATE TABLE `activity` (
	`tenant` text NOT NULL,
	`endpoint` text NOT NULL,
	`minute` integer NOT NULL,
	`submitted` integer NOT NULL,
	`done` integer NOT NULL,
	`failed` integer NOT NULL,
	`cancelled` integer NOT NULL,
	`run_ms` integer NOT NULL,
	PRIMARY KEY(`tenant`, `endpoint`, `minute`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `activity_minute` ON `activity` (`minute`);--> statement-breakpoint
CREATE TABLE `attempts` (
	`job_seq` integer NOT NULL,
	`fence` integer NOT NULL,
	`worker_id` text NOT NULL,
	`worker_pid` integer,
	`started_at` integer NOT NULL,
	`ended_at` integer,
	`outcome` text,
	`message` text,
	PRIMARY KEY(`job_seq`, `fence`),
	FOREIGN KEY (`job_seq`) REFERENCES `jobs`(`seq`) ON UPDATE no action ON DELETE cascade,
	CONSTRAINT "attempts_outcome" CHECK("attempts"."outcome" in ('done','failed','cancelled','released','lease_lost','timed_out')),
	CONSTRAINT "attempts_ended" CHECK(("attempts"."outcome" is null) = ("attempts"."ended_at" is null))
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `counters` (
	`tenant` text NOT NULL,
	`endpoint` text NOT NULL,
	`status` text NOT NULL,
	`ready` integer NOT NULL,
	`n` integer NOT NULL,
	PRIMARY KEY(`tenant`, `endpoint`, `status`, `ready`),
	CONSTRAINT "counters_n" CHECK("counters"."n" > 0)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `events` (
	`seq` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`tenant` text NOT NULL,
	`job_seq` integer NOT NULL,
	`job_id` text NOT NULL,
	`version` integer NOT NULL,
	`kind` text NOT NULL,
	`at` integer NOT NULL,
	`data` text NOT NULL,
	FOREIGN KEY (`job_seq`) REFERENCES `jobs`(`seq`) ON UPDATE no action ON DELETE cascade
) STRICT;
--> statement-breakpoint
CREATE INDEX `events_job` ON `events` (`job_seq`,`seq`);--> statement-breakpoint
CREATE TABLE `idempotency_keys` (
	`tenant` text NOT NULL,
	`key` text NOT NULL,
	`digest` text NOT NULL,
	`job_id` text NOT NULL,
	`expires_at` integer NOT NULL,
	PRIMARY KEY(`tenant`, `key`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `idempotency_keys_expiry` ON `idempotency_keys` (`expires_at`);--> statement-breakpoint
CREATE TABLE `job_payloads` (
	`seq` integer PRIMARY KEY NOT NULL,
	`crc` integer NOT NULL,
	`payload` text NOT NULL,
	FOREIGN KEY (`seq`) REFERENCES `jobs`(`seq`) ON UPDATE no action ON DELETE cascade
) STRICT;
--> statement-breakpoint
CREATE TABLE `jobs` (
	`seq` integer PRIMARY KEY NOT NULL,
	`job_id` text NOT NULL,
	`tenant` text NOT NULL,
	`id` text,
	`endpoint` text NOT NULL,
	`status` text NOT NULL,
	`ready` integer NOT NULL,
	`version` integer NOT NULL,
	`priority` integer NOT NULL,
	`run_at` integer NOT NULL,
	`attempt` integer NOT NULL,
	`max_attempts` integer NOT NULL,
	`lost_leases` integer NOT NULL,
	`max_lost_leases` integer NOT NULL,
	`max_runtime_seconds` integer NOT NULL,
	`retention_seconds` integer,
	`webhook_url` text,
	`fence` integer NOT NULL,
	`lease_token` text,
	`lease_seconds` integer,
	`lease_deadline_at` integer,
	`report_digest` blob,
	`worker_id` text,
	`worker_pid` integer,
	`cancel_requested_at` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`started_at` integer,
	`ended_at` integer,
	`expires_at` integer,
	`progress` text,
	`end_code` integer,
	`end_message` text,
	`end_pid` integer,
	`end_total_ms` integer,
	`end_run_ms` integer,
	`end_queue_length` integer,
	`end_build_number` text,
	`result_crc` integer,
	`result` text,
	CONSTRAINT "jobs_status" CHECK("jobs"."status" in ('queued','running','done','failed','cancelled')),
	CONSTRAINT "jobs_ready" CHECK("jobs"."ready" in (0, 1) and ("jobs"."ready" = 0 or "jobs"."status" = 'queued')),
	CONSTRAINT "jobs_version" CHECK("jobs"."version" >= 1 and "jobs"."fence" >= 0),
	CONSTRAINT "jobs_priority" CHECK("jobs"."priority" between -100 and 100),
	CONSTRAINT "jobs_attempt" CHECK("jobs"."attempt" between 1 and "jobs"."max_attempts"),
	CONSTRAINT "jobs_running_has_lease" CHECK("jobs"."status" <> 'running' or ("jobs"."lease_token" is not null and "jobs"."worker_id" is not null and "jobs"."started_at" is not null and "jobs"."fence" >= 1)),
	CONSTRAINT "jobs_ended_has_end" CHECK(("jobs"."status" in ('done', 'failed', 'cancelled')) = ("jobs"."ended_at" is not null and "jobs"."end_code" is not null and "jobs"."end_message" is not null and "jobs"."end_pid" is not null and "jobs"."end_total_ms" is not null and "jobs"."end_run_ms" is not null and "jobs"."end_queue_length" is not null and "jobs"."end_build_number" is not null)),
	CONSTRAINT "jobs_done_has_result" CHECK(("jobs"."status" = 'done') = ("jobs"."result" is not null) and ("jobs"."result" is null) = ("jobs"."result_crc" is null))
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `jobs_job_id` ON `jobs` (`job_id`);--> statement-breakpoint
CREATE INDEX `jobs_claim` ON `jobs` (`tenant`,`endpoint`,"priority" desc,`run_at`,`seq`) WHERE status = 'queued' and ready = 1;--> statement-breakpoint
CREATE INDEX `jobs_delayed` ON `jobs` (`run_at`) WHERE status = 'queued' and ready = 0;--> statement-breakpoint
CREATE INDEX `jobs_running` ON `jobs` (`seq`) WHERE status = 'running';--> statement-breakpoint
CREATE INDEX `jobs_expiry` ON `jobs` (`expires_at`) WHERE expires_at is not null;--> statement-breakpoint
CREATE INDEX `jobs_updated` ON `jobs` (`tenant`,`updated_at`);--> statement-breakpoint
CREATE INDEX `jobs_by_status` ON `jobs` (`tenant`,`status`,`created_at`);--> statement-breakpoint
CREATE INDEX `jobs_by_endpoint` ON `jobs` (`tenant`,`endpoint`,`status`,`created_at`);--> statement-breakpoint
CREATE INDEX `jobs_by_caller_id` ON `jobs` (`tenant`,`id`,`created_at`) WHERE id is not null;--> statement-breakpoint
CREATE TABLE `keys` (
	`key_id` text PRIMARY KEY NOT NULL,
	`tenant` text NOT NULL,
	`name` text NOT NULL,
	`secret_hash` blob NOT NULL,
	`scopes` text NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer,
	`revoked_at` integer,
	`last_used_at` integer,
	CONSTRAINT "keys_hash" CHECK(length("keys"."secret_hash") = 32)
) STRICT;
--> statement-breakpoint
CREATE UNIQUE INDEX `keys_secret_hash` ON `keys` (`secret_hash`);--> statement-breakpoint
CREATE TABLE `meta` (
	`key` text PRIMARY KEY NOT NULL,
	`value` text NOT NULL
) STRICT;
