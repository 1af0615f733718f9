# A small image: the program and the certificates of the public authorities. It runs as nobody, keeps its data in /data and listens on 8080.
#
#   docker build -t taxiway .
#   docker run -p 127.0.0.1:8080:8080 -v taxiway-data:/data -e TAXIWAY_ADMIN_PASSWORD=… taxiway

FROM rust:1.94-slim-bookworm AS build
WORKDIR /build
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/build/target \
    cargo build --locked --release && cp target/release/taxiway /taxiway

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates curl \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin taxiway \
    && install --directory --owner=taxiway --group=taxiway --mode=0700 /data
COPY --from=build /taxiway /usr/local/bin/taxiway
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 8080
# Within a container, all addresses are the container's. What reaches them is for whoever publishes the port to decide: TLS
# (TAXIWAY_TLS_CERT, TAXIWAY_TLS_KEY) or a proxy belongs before it, wherever others can listen in.
ENV TAXIWAY_LISTEN=0.0.0.0:8080 \
    TAXIWAY_INSECURE=true \
    TAXIWAY_STORE=sled:/data/store
# With a certificate of its own, the server speaks TLS to itself too, under a name that the certificate does not have.
HEALTHCHECK --interval=10s --timeout=6s --start-period=60s \
    CMD curl -fsS -o /dev/null http://127.0.0.1:8080/readyz || curl -fsSk -o /dev/null https://127.0.0.1:8080/readyz
STOPSIGNAL SIGTERM
ENTRYPOINT ["taxiway"]
CMD ["serve"]
