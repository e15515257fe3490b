#include "engine/formats/foreign_format.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace kur {

absl::Status CheckIsNoForeignTable(absl::string_view start) {
  struct Format {
    absl::string_view start;
    const char* name;
    const char* remedy;
  };
  // What does not occur in text.
  static constexpr Format kFormats[] = {
      {"PAR1", "a Parquet file",
       "python3 -c \"import pandas; pandas.read_parquet('IN').to_csv('OUT.csv', index=False)\""},
      {"PK\x03\x04", "a zip, as spreadsheets (.xlsx, .ods) are", "save it as CSV"},
      {"\xd0\xcf\x11\xe0", "an old spreadsheet (.xls)", "save it as CSV"},
      {"\x89HDF\r\n", "an HDF5 file",
       "python3 -c \"import h5py, numpy; f = h5py.File('IN'); "
       "numpy.savez('OUT.npz', **{name: f[name][()] for name in f})\""},
      {"ARROW1", "an Arrow (Feather) file",
       "python3 -c \"import pandas; pandas.read_feather('IN').to_csv('OUT.csv', index=False)\""},
      {"SQLite format 3", "an SQLite database", "sqlite3 -header -csv IN 'SELECT ...' > OUT.csv"},
  };
  for (const Format& format : kFormats) {
    if (!absl::StartsWith(start, format.start)) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("it is ", format.name, ", which is not read; ", format.remedy));
  }
  return absl::OkStatus();
}

}  // namespace kur
