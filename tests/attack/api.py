"""A client of kurd's API as a stranger would write it: from the .proto files, with gRPC's tools."""

import functools
import importlib
import pathlib
import shutil
import subprocess
import sys
import tempfile
import uuid

import grpc

import harness


@functools.lru_cache(maxsize=None)
def modules():
    """The generated modules, by name: `kur_pb2`, `kur_pb2_grpc` and the others."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix='kurd-api-'))
    protos = harness.REPOSITORY / 'proto'
    subprocess.run(['protoc', '-I', protos, f'--python_out={folder}', f'--grpc_out={folder}',
                    f'--plugin=protoc-gen-grpc={shutil.which("grpc_python_plugin")}',
                    *sorted(protos.glob('kur/v1/*.proto'))], check=True)
    sys.path.insert(0, str(folder))
    found = {path.stem: importlib.import_module(f'kur.v1.{path.stem}')
             for path in folder.glob('kur/v1/*.py')}
    shutil.rmtree(folder)
    return found


class Client:
    """One user's connection, with a token if given."""

    def __init__(self, address, token=None):
        # A connection of its own.
        self.channel = grpc.insecure_channel(address, [('grpc.use_local_subchannel_pool', 1)])
        self.jobs = modules()['kur_pb2_grpc'].JobsStub(self.channel)
        self.blobs = modules()['kur_pb2_grpc'].BlobsStub(self.channel)
        self.metadata = [('authorization', f'Bearer {token}')] if token else []

    def submit(self, kurfile, *, overrides=(), validate_only=False, project='attack', more=()):
        """Submits a Kurfile with `more` sources; returns the job, or raises grpc.RpcError."""
        pb = modules()['kur_pb2']
        request = pb.SubmitJobRequest(
            request_id=str(uuid.uuid4()), kurfile='k.yml', project=project, overrides=overrides,
            validate_only=validate_only,
            sources=[pb.SourceFile(path='k.yml', content=kurfile.encode()),
                     *(pb.SourceFile(path=path, content=content) for path, content in more)])
        return self.jobs.SubmitJob(request, metadata=self.metadata, timeout=120)

    def refusal(self, kurfile, **options):
        """Why a submission is refused: a name of a status and a message."""
        try:
            self.submit(kurfile, **options)
        except grpc.RpcError as error:
            return error.code().name, error.details()
        raise AssertionError('it was accepted')
