DROP INDEX `jobs_updated`;--> statement-breakpoint
DROP INDEX `jobs_by_status`;--> statement-breakpoint
DROP INDEX `jobs_running`;--> statement-breakpoint
CREATE INDEX `jobs_ended` ON `jobs` (`tenant`,`ended_at`) WHERE ended_at is not null;--> statement-breakpoint
CREATE INDEX `jobs_requeued` ON `jobs` (`tenant`,`updated_at`) WHERE status = 'queued' and version > 1;--> statement-breakpoint
CREATE INDEX `jobs_running` ON `jobs` (`tenant`,`updated_at`) WHERE status = 'running';