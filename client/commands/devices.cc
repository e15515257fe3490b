#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/commands/commands.h"
#include "client/output/format.h"
#include "client/output/table.h"
#include "engine/base/status.h"

namespace kur::client {
namespace {

Table::Cell StateOf(const v1::Device& device) {
  if (!device.job().empty()) return Table::Cell(device.job());
  if (!device.unavailable().empty()) {
    return Table::Cell(absl::StrCat("(", device.unavailable(), ")"), Style::kYellow);
  }
  return Table::Cell("free", Style::kGreen);
}

std::string RenderTable(const v1::ListDevicesResponse& response, bool wide,
                        const Terminal& terminal) {
  std::vector<Table::Column> columns = {{"NAME"},
                                        {"KIND"},
                                        {"MODEL"},
                                        {"MEMORY", Table::Align::kRight},
                                        {"USED", Table::Align::kRight},
                                        {"LOAD", Table::Align::kRight},
                                        {"JOB"}};
  if (wide) columns.insert(columns.end(), {{"PROCESSORS"}, {"UUID"}});
  Table table(columns);
  for (const v1::Device& device : response.devices()) {
    const bool cuda = device.kind() == "cuda";
    std::vector<Table::Cell> row = {device.name(),
                                    device.kind(),
                                    device.model(),
                                    HumanBytes(device.memory_bytes()),
                                    cuda ? HumanBytes(device.memory_used_bytes()) : "",
                                    cuda ? absl::StrCat(device.utilization_percent(), "%") : "",
                                    StateOf(device)};
    if (wide) {
      row.emplace_back(absl::StrJoin(device.processors(), ","));
      row.emplace_back(device.uuid());
    }
    table.Add(std::move(row));
  }
  return table.Render(terminal);
}

class DevicesCommand : public Command {
 public:
  Info info() const override {
    return {"devices", "List the devices of the server and who uses them",
            "kurctl devices\n"
            "kurctl devices -o wide"};
  }

  void Declare(Arguments& arguments) override {
    AddOutputOption(arguments, &format_, {"table", "wide", "json", "yaml", "name"});
  }

  absl::StatusOr<ExitCode> Run(Context& context) override {
    KUR_ASSIGN_OR_RETURN(const auto connection, context.Connect());
    KUR_ASSIGN_OR_RETURN(const auto response, connection->Call(&v1::System::Stub::ListDevices,
                                                               v1::ListDevicesRequest()));
    if (format_ == OutputFormat::kName) {
      for (const v1::Device& device : response.devices()) context.out.WriteLine(device.name());
    } else if (format_ == OutputFormat::kJson || format_ == OutputFormat::kYaml) {
      context.out.Write(RenderStructured(format_, ToJsonList(response.devices())));
    } else {
      context.out.Write(RenderTable(response, format_ == OutputFormat::kWide, context.out));
    }
    // For people, and not in the way of programs that read the devices.
    for (const std::string& problem : response.problems()) {
      context.err.WriteLine(absl::StrCat("kurctl: ", problem));
    }
    return ExitCode::kOk;
  }

 private:
  OutputFormat format_ = OutputFormat::kTable;
};

}  // namespace

std::unique_ptr<Command> MakeDevicesCommand() { return std::make_unique<DevicesCommand>(); }

}  // namespace kur::client
