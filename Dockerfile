# The mock as a container:  docker build -t qwen-image-mock . && docker run -p 8000:8000 qwen-image-mock
# The suite, in the same image:  docker run --entrypoint qwen-image-conformance -e QWEN_IMAGE_API_KEY qwen-image-mock run ...
FROM python:3.12-slim
WORKDIR /src
COPY . .
RUN pip install --no-cache-dir -c constraints.txt '.[conformance,redis]' && rm -rf /src
RUN useradd --create-home --uid 10001 contract
USER 10001
WORKDIR /home/contract
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/_mock/health', timeout=2)"]
ENTRYPOINT ["qwen-image-mock"]
CMD ["--host", "0.0.0.0", "--port", "8000"]
