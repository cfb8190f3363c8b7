# Styfie on the processor: `docker run --rm -v "$PWD:/work" styfie paint me.jpg --subject glass --background night`
FROM python:3.13-slim
COPY . /source
RUN python -m pip install --no-cache-dir --extra-index-url https://download.pytorch.org/whl/cpu \
        -c /source/requirements/constraints.txt "/source[heif,web]" \
    && rm -rf /source && useradd --create-home styfie && mkdir /work && chown styfie /work
USER styfie
WORKDIR /work
ENTRYPOINT ["python", "-m", "styfie"]
CMD ["--help"]
