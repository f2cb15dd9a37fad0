# An image that runs babelmill: the head and the workers of a Ray cluster, or a single machine.
FROM python:3.11-slim

RUN useradd --create-home babelmill
WORKDIR /home/babelmill
COPY --chown=babelmill pyproject.toml README.md ./src/
COPY --chown=babelmill stages ./src/stages
COPY --chown=babelmill pipelines ./src/pipelines
COPY --chown=babelmill lang_configs ./src/lang_configs
RUN pip install --no-cache-dir ./src && rm -rf ./src
USER babelmill
ENTRYPOINT ["babelmill"]
CMD ["--help"]
