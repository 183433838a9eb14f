"""Rules about models: what a row is, what names it, and who may read it."""

from dbt_score import Model, RuleViolation, Severity, rule, rule_filter


@rule_filter
def has_a_key(model: Model) -> bool:
    """Models whose rows have a key.

    Not those that list records as they were read, nor what is noted of one build: it is one column.
    """
    return not model.name.startswith(("base_", "changed_")) and model.name not in (
        "quarantine",
        "field_issues",
    )


@rule_filter
def is_final(model: Model) -> bool:
    """Models that other people read."""
    return model.schema == "final"


@rule(severity=Severity.HIGH)
def description_says_what_a_row_is(model: Model) -> RuleViolation | None:
    """A description begins with the grain: "One row per ..."."""
    if not model.description.startswith("One row per "):
        return RuleViolation('The description does not begin with "One row per".')
    return None


@rule(severity=Severity.HIGH, rule_filters={has_a_key()})
def key_is_tested(model: Model) -> RuleViolation | None:
    """A key is unique and never NULL: `well_formed` is told of its columns."""
    if any(test.type == "well_formed" and test.kwargs.get("keys") for test in model.tests):
        return None
    return RuleViolation("No column, and no columns together, are tested to name one row.")


@rule(severity=Severity.CRITICAL, rule_filters={is_final()})
def final_models_are_public_by_contract(model: Model) -> RuleViolation | None:
    """What other people read is public and has an enforced contract with every type."""
    if model.access != "public":
        return RuleViolation(f"Access is {model.access}, not public.")
    if not model.config["contract"]["enforced"]:
        return RuleViolation("No contract is enforced.")
    untyped = [column.name for column in model.columns if not column.data_type]
    return RuleViolation(f"Without a type: {', '.join(untyped)}.") if untyped else None


@rule(severity=Severity.CRITICAL)
def staging_is_private(model: Model) -> RuleViolation | None:
    """Staging is read inside the project only: it has names and e-mail addresses."""
    if model.schema == "staging" and model.access != "private":
        return RuleViolation(f"Access is {model.access}, not private.")
    return None
