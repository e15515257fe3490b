"""The Python of proto/README.md, run as it stands."""

import json
import os
import re
import shutil
import subprocess
import sys
import unittest

import harness

EPOCHS = 500
# Epochs that are so short that they come packed.
KURFILE = f'''
model:
  - input: {{shape: [2]}}
    name: point
  - dense: 1
    name: above
train:
  data: [{{synthetic: {{samples: 8, sources: {{point: {{shape: [2]}}, above: {{shape: [1]}}}}}}}}]
  epochs: {EPOCHS}
loss: [{{target: above, name: mean_squared_error}}]
'''

# What the page does not show: every field of what it has unpacked.
SHOW = '''
from google.protobuf import json_format
for packed in jobs.WatchEvents(request, metadata=proof):
    for event in unpack(packed):
        print("JSON", json_format.MessageToJson(
            event, preserving_proto_field_name=True, indent=None))
'''


class PythonClientTest(harness.TestCase):

    def test_it_submits_a_job_and_reads_its_events_as_kurctl_does(self):
        page = (harness.REPOSITORY / 'proto/README.md').read_text(encoding='utf-8')
        client, unpack = re.findall(r'```python\n(.*?)```', page, re.S)[:2]
        protos = harness.REPOSITORY / 'proto'
        subprocess.run(['protoc', '-I', protos, f'--python_out={self.folder}',
                        f'--grpc_out={self.folder}',
                        f'--plugin=protoc-gen-grpc={shutil.which("grpc_python_plugin")}',
                        *sorted(protos.glob('kur/v1/*.proto'))], check=True)
        (self.folder / 'model.yml').write_text(KURFILE, encoding='utf-8')
        program = self.folder / 'client.py'
        program.write_text(unpack + client + SHOW, encoding='utf-8')
        kurd = self.start_kurd()
        # The socket and its cookie are there.
        environment = dict(os.environ, KUR_STATE_DIR=str(self.folder))
        done = subprocess.run([sys.executable, '-B', program], cwd=self.folder, env=environment,
                              capture_output=True, text=True, timeout=harness.PATIENCE)
        self.assertEqual(done.returncode, 0, done.stderr)

        lines = done.stdout.splitlines()
        shown = [json.loads(line[5:]) for line in lines if line.startswith('JSON ')]
        events = kurd.events('model-1')
        kinds = [f'{event["number"]} {kind}' for event in events
                 for kind in event if kind not in ('number', 'time', 'worker_sequence')]
        self.assertEqual([line for line in lines if not line.startswith('JSON ')], kinds)
        self.assertLess(len({event['number'] for event in events}), EPOCHS, 'nothing was packed')
        for field in ('time', 'epoch_started'):
            self.assertEqual([event.get(field) for event in shown],
                             [event.get(field) for event in events])
        ends = [[event['epoch_finished'] for event in told if 'epoch_finished' in event]
                for told in (shown, events)]
        self.assertEqual(len(ends[0]), EPOCHS)
        self.assertEqual(*ends)


if __name__ == '__main__':
    unittest.main()
