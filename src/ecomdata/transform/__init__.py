"""The dbt project and the one place that runs it."""

from ecomdata.transform.runner import (
    BuildResult,
    NodeResult,
    begin_build,
    build_model,
    end_build,
    graph,
    run_dbt,
    semantic_manifest,
)

__all__ = [
    "BuildResult",
    "NodeResult",
    "begin_build",
    "build_model",
    "end_build",
    "graph",
    "run_dbt",
    "semantic_manifest",
]
