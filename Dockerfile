# Styfie on the processor. The page and its interface, as docs/service.md says:
#     docker build --tag styfie .
#     docker run --publish 127.0.0.1:8790:8790 --volume styfie:/data styfie
# and one photo: `docker run --rm --volume "$PWD:/work" styfie paint me.jpg --subject glass --background night`
FROM python:3.13-slim AS build
ARG EXTRAS=heif,web
COPY . /source
RUN python -m venv --without-pip /styfie \
    && python -m pip --python /styfie/bin/python install --no-cache-dir --disable-pip-version-check \
        --extra-index-url https://download.pytorch.org/whl/cpu \
        -c /source/requirements/constraints.txt "/source[$EXTRAS]"
# What PyTorch brings for those who build upon it from C++ or test it: 190 MB that nothing here reads.
RUN cd /styfie/lib/python3*/site-packages/torch \
    && find bin -type f ! -name torch_shm_manager -delete \
    && rm -rf include test share

FROM python:3.13-slim
COPY --from=build /styfie /styfie
RUN useradd --create-home --uid 10001 styfie && install --directory --owner styfie /data /work
ENV PATH=/styfie/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER styfie
WORKDIR /work
VOLUME /data
EXPOSE 8790
HEALTHCHECK --start-period=60s --interval=30s --timeout=5s CMD ["python", "-c", "import http.client as h; c = h.HTTPConnection('127.0.0.1', 8790, timeout=4); c.request('GET', '/health'); raise SystemExit(c.getresponse().status != 200)"]
ENTRYPOINT ["styfie"]
CMD ["web", "/data", "--host", "0.0.0.0", "--no-browser"]
