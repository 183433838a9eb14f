# The command with all that it needs, for an ordinary user and a read-only root file system.
FROM python:3.12-slim AS build
# Where packages come from, if not from pip's own index.
ARG PIP_INDEX_URL
# Which of the locks: `prefect` has Prefect, too.
ARG LOCK=run
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /source
COPY requirements/${LOCK}.lock requirements/build.lock requirements/
# hadolint ignore=DL3013
RUN python -m venv /opt/build \
    && /opt/build/bin/python -m pip install --quiet --require-hashes -r requirements/build.lock \
    && python -m venv --without-pip /opt/ecomdata \
    && python -m pip --python /opt/ecomdata/bin/python install --quiet --no-compile \
        --require-hashes --only-binary :all: \
        -r "requirements/${LOCK}.lock" -c "requirements/${LOCK}.lock"
COPY pyproject.toml README.md LICENSE ./
COPY src src
COPY deploy/superset/assets deploy/superset/assets
RUN /opt/build/bin/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist . \
    && python -m pip --python /opt/ecomdata/bin/python install --quiet --no-compile --no-deps \
        --no-index dist/*.whl \
    && find /opt/ecomdata -depth -type d -name tests -path '*/site-packages/*' \
        \( -path '*/numpy/*' -o -path '*/scipy/*' -o -path '*/pandas/*' \) -exec rm -r {} + \
    && /opt/ecomdata/bin/python -m compileall -q -j 0 /opt/ecomdata

FROM python:3.12-slim
LABEL org.opencontainers.image.title="EcomData Insights" \
    org.opencontainers.image.description="A shop's CSV exports in, a clean warehouse and one HTML report out." \
    org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --gid 10001 ecomdata \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /project ecomdata \
    && install --directory --owner ecomdata --group ecomdata --mode 0750 /project /reports
COPY --from=build /opt/ecomdata /opt/ecomdata
COPY --chmod=0755 deploy/docker/load-data /usr/local/bin/load-data
ENV PATH=/opt/ecomdata/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    ECOMDATA_PROJECT=/project
USER 10001:10001
WORKDIR /project
VOLUME ["/project", "/reports"]
HEALTHCHECK --interval=60s --timeout=30s --start-period=10s \
    CMD ["ecomdata", "doctor", "--quiet"]
ENTRYPOINT ["ecomdata"]
CMD ["--help"]
