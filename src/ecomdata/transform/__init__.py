"""The dbt project and the one place that runs it."""

from ecomdata.transform.runner import BuildResult, NodeResult, run_dbt, semantic_manifest

__all__ = ["BuildResult", "NodeResult", "run_dbt", "semantic_manifest"]
