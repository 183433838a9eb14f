"""What this house asks of its dbt project, beside dbt-score's own rules: `make lint`."""
