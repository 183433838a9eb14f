"""The dbt project and the one place that runs it."""

from ecomdata.transform.runner import (
    BuildResult,
    NodeResult,
    graph,
    last_results,
    project_folder,
    run_dbt,
    semantic_manifest,
    target_folder,
)

__all__ = [
    "BuildResult",
    "NodeResult",
    "graph",
    "last_results",
    "project_folder",
    "run_dbt",
    "semantic_manifest",
    "target_folder",
]
