# syntax=docker/dockerfile:1
# Build for one platform or for several:
#   docker build -t printfarm_exporter .
#   docker buildx build --platform linux/amd64,linux/arm64,linux/arm/v7 -t printfarm_exporter .
# Run, with the state in a volume:
#   docker run -p 10064:10064 -v printfarm:/data printfarm_exporter
# The simulated farm is an image of its own:
#   docker build --target simulator -t printfarm_simulator .

FROM docker.io/library/rust:1.95-slim-bookworm AS build
WORKDIR /src
RUN apt-get update \
    && apt-get install -y --no-install-recommends musl-tools \
    && rm -rf /var/lib/apt/lists/*
# A target of rustc. Without it, the platform's own with musl.
ARG RUST_TARGET=
RUN rustup target add "${RUST_TARGET:-$(rustc -vV | sed -n 's/^host: //p' | sed 's/gnu/musl/')}"
COPY Cargo.toml Cargo.lock build.rs ./
COPY .cargo ./.cargo
COPY src ./src
# The program contains its pages and its documents.
COPY templates ./templates
COPY docs ./docs
COPY simulator ./simulator
# Cargo reads the manifest of every member of the workspace.
COPY fuzz/Cargo.toml ./fuzz/
COPY scripts/build-static ./scripts/build-static

# An argument holds for the stage that names it.
FROM build AS build-exporter
ARG RUST_TARGET=
ARG PRINTFARM_REVISION=unknown
# The final image has no shell: its folder is made here too.
RUN PRINTFARM_REVISION="$PRINTFARM_REVISION" scripts/build-static printfarm_exporter $RUST_TARGET > /tmp/path \
    && install -D "$(cat /tmp/path)" /image/usr/local/bin/printfarm_exporter \
    && mkdir /image/data

FROM build AS build-simulator
ARG RUST_TARGET=
RUN scripts/build-static printfarm_simulator $RUST_TARGET > /tmp/path \
    && install -D "$(cat /tmp/path)" /image/usr/local/bin/printfarm_simulator

FROM scratch AS simulator
LABEL org.opencontainers.image.title="printfarm_simulator" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build-simulator /image/usr/local/bin/printfarm_simulator /usr/local/bin/printfarm_simulator
COPY LICENSE /licenses/LICENSE
USER 65534:65534
ENTRYPOINT ["/usr/local/bin/printfarm_simulator"]

FROM scratch AS exporter
ARG PRINTFARM_REVISION=unknown
# Where the sources are published.
ARG PRINTFARM_SOURCE=
LABEL org.opencontainers.image.title="printfarm_exporter" \
      org.opencontainers.image.description="Prometheus exporter for 3D printers: webhooks of OctoPrint, Moonraker, Bambuddy and others in, exact usage metrics out" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.revision="$PRINTFARM_REVISION" \
      org.opencontainers.image.source="$PRINTFARM_SOURCE" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build-exporter /image/usr/local/bin/printfarm_exporter /usr/local/bin/printfarm_exporter
COPY --from=build-exporter --chown=65534:65534 /image/data /data
COPY LICENSE /licenses/LICENSE
# The default --storage.path, data/printfarm.db, is /data/printfarm.db from here. A new volume gets the folder's owner.
WORKDIR /
VOLUME ["/data"]
USER 65534:65534
EXPOSE 10064
# With another address or with TLS, give it the flags of the exporter too.
HEALTHCHECK --start-period=5s --timeout=5s CMD ["/usr/local/bin/printfarm_exporter", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/printfarm_exporter"]
