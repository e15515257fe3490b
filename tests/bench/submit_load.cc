// Submits as fast as it can: submit_load SERVER KURFILE CLIENTS JOBS. Every client has a connection
// of its own, and every submission is another Kurfile. Prints, as JSON, how long all JOBS
// submissions took in seconds, and how long one took in the median, the 99th percentile and at
// most.

#include <grpcpp/create_channel.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "kur/v1/kur.grpc.pb.h"

namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// Returns how long each of this client's submissions took.
std::vector<double> Submit(const std::string& server, const std::string& kurfile,
                           std::atomic<int>& left) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  const auto stub = kur::v1::Jobs::NewStub(
      grpc::CreateCustomChannel(server, grpc::InsecureChannelCredentials(), arguments));
  std::vector<double> seconds;
  for (int job = --left; job >= 0; job = --left) {
    const std::string id = std::to_string(getpid()) + "-" + std::to_string(job);
    kur::v1::SubmitJobRequest request;
    request.set_request_id(id);
    request.set_kurfile("cifar.yml");
    kur::v1::SourceFile& source = *request.add_sources();
    source.set_path("cifar.yml");
    source.set_content(kurfile + "\n# " + id + "\n");
    request.set_project("bench-" + id);
    grpc::ClientContext context;
    kur::v1::Job response;
    const auto begin = Clock::now();
    const grpc::Status status = stub->SubmitJob(&context, request, &response);
    seconds.push_back(SecondsSince(begin));
    if (status.ok()) continue;
    std::cerr << status.error_message() << std::endl;
    std::exit(EXIT_FAILURE);
  }
  return seconds;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::cerr << "usage: submit_load SERVER KURFILE CLIENTS JOBS" << std::endl;
    return 2;
  }
  std::ostringstream kurfile;
  kurfile << std::ifstream(argv[2]).rdbuf();
  const size_t clients = std::strtoul(argv[3], nullptr, 10);
  std::atomic<int> left = std::atoi(argv[4]);
  std::vector<std::vector<double>> seconds(clients);
  std::vector<std::thread> threads;
  const auto begin = Clock::now();
  for (std::vector<double>& own : seconds) {
    threads.emplace_back([&] { own = Submit(argv[1], kurfile.str(), left); });
  }
  for (std::thread& thread : threads) thread.join();
  const double all = SecondsSince(begin);
  std::vector<double> sorted;
  for (const auto& own : seconds) sorted.insert(sorted.end(), own.begin(), own.end());
  std::sort(sorted.begin(), sorted.end());
  std::cout << "{\"seconds\": " << all << ", \"jobs\": " << sorted.size()
            << ", \"median\": " << sorted[sorted.size() / 2]
            << ", \"p99\": " << sorted[sorted.size() * 99 / 100] << ", \"most\": " << sorted.back()
            << "}" << std::endl;
  return 0;
}
