# syntax=docker/dockerfile:1
# Build for one platform or for several:
#   docker build -t printfarm_exporter .
#   docker buildx build --platform linux/amd64,linux/arm64,linux/arm/v7 -t printfarm_exporter .
# Run, with the state in a volume:
#   docker run -p 10064:10064 -v printfarm:/data printfarm_exporter

FROM rust:1-slim-bookworm AS build
ARG PRINTFARM_REVISION=unknown
WORKDIR /src
RUN apt-get update \
    && apt-get install -y --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
COPY Cargo.toml Cargo.lock build.rs ./
COPY src ./src
# The manifest names the benchmarks, and is refused without them.
COPY benches ./benches
RUN PRINTFARM_REVISION="$PRINTFARM_REVISION" cargo build --release --locked --bin printfarm_exporter
# The final image has no shell to make it with.
RUN mkdir /data

FROM gcr.io/distroless/cc-debian12:nonroot
LABEL org.opencontainers.image.title="printfarm_exporter" \
      org.opencontainers.image.description="Prometheus exporter for 3D printers: OctoPrint and OctoEverywhere webhooks in, exact usage metrics out" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /src/target/release/printfarm_exporter /usr/local/bin/printfarm_exporter
COPY --from=build --chown=65534:65534 /data /data
COPY LICENSE /licenses/LICENSE
# The default --storage.path, data/printfarm.db, is /data/printfarm.db from here. A new volume gets the folder's owner.
WORKDIR /
VOLUME ["/data"]
USER 65534:65534
EXPOSE 10064
ENTRYPOINT ["/usr/local/bin/printfarm_exporter"]
